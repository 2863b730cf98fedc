using Ambient.Linux.Descriptors;
using Ambient.Linux.Native;

namespace Ambient.Linux.Sockets;

/// <summary>
/// AF_UNIX sockets of type SOCK_SEQPACKET: one message per packet, descriptors beside it (SCM_RIGHTS). Both sides of the
/// ZDS socket (ztunnel.md 8.1) and of a hand-over. Blocking with deadlines: control work, never on a loop. Thread-safe for
/// one sender and one receiver.
/// </summary>
public sealed unsafe class PacketSocket : IDisposable
{
    /// <summary>Room for the descriptors of one packet: what the kernel itself allows (SCM_MAX_FD).</summary>
    private const int MaxDescriptors = 253;

    private readonly FileDescriptor _descriptor;

    /// <summary>Takes ownership of a packet socket.</summary>
    public PacketSocket(FileDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        _descriptor = descriptor;
    }

    /// <summary>The plain descriptor, non-blocking.</summary>
    public int Descriptor => _descriptor.Number;

    /// <summary>Connects to a path. Throws <see cref="LinuxException"/>.</summary>
    public static PacketSocket Connect(string path)
    {
        FileDescriptor descriptor = Open(path);
        try
        {
            byte* address = stackalloc byte[sizeof(Libc.sockaddr_un)];
            uint length = UnixAddress.Write(path, address);
            SysResult.From(Libc.connect(descriptor.Number, address, length)).OrThrow("connect", path);
            return new PacketSocket(descriptor);
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    /// <summary>Binds and listens; a stale socket file is replaced. Throws <see cref="LinuxException"/>.</summary>
    public static PacketSocket Listen(string path, int backlog)
    {
        FileDescriptor descriptor = Open(path);
        try
        {
            byte* address = stackalloc byte[sizeof(Libc.sockaddr_un)];
            uint length = UnixAddress.Write(path, address);
            fixed (byte* name = NativeText.ZeroTerminated(path))
            {
                _ = Libc.unlink(name);
            }

            SysResult.From(Libc.bind(descriptor.Number, address, length)).OrThrow("bind", path);
            SysResult.From(Libc.listen(descriptor.Number, backlog)).OrThrow("listen", path);
            return new PacketSocket(descriptor);
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    /// <summary>Two connected sockets. Throws <see cref="LinuxException"/>.</summary>
    public static (PacketSocket A, PacketSocket B) Pair()
    {
        SocketIo.PacketPair(out int a, out int b).OrThrow("socketpair", "SOCK_SEQPACKET");
        return (new PacketSocket(new FileDescriptor(a)), new PacketSocket(new FileDescriptor(b)));
    }

    /// <summary>Accepts one connection that is already waiting; EAGAIN when none is.</summary>
    public SysResult TryAccept(out PacketSocket? accepted)
    {
        SysResult result = SysResult.From(Libc.accept4(Descriptor, null, null, Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC));
        accepted = result.IsError ? null : new PacketSocket(new FileDescriptor((int)result.Value));
        return result;
    }

    /// <summary>Sends one packet with up to <see cref="MaxDescriptors"/> descriptors; EAGAIN when the peer does not read.</summary>
    public SysResult TrySend(ReadOnlySpan<byte> packet, params ReadOnlySpan<int> descriptors)
    {
        if (descriptors.Length > MaxDescriptors)
        {
            return SysResult.Failure(Errno.EINVAL);
        }

        int controlLength = sizeof(Libc.cmsghdr) + Align(descriptors.Length * sizeof(int));
        byte* control = stackalloc byte[sizeof(Libc.cmsghdr) + (MaxDescriptors * sizeof(int)) + 8];
        fixed (byte* data = packet)
        {
            IoVector vector = new(data, packet.Length);
            Libc.msghdr message = default;
            message.msg_iov = &vector;
            message.msg_iovlen = 1;
            if (descriptors.Length > 0)
            {
                var header = (Libc.cmsghdr*)control;
                header->cmsg_len = (nuint)(sizeof(Libc.cmsghdr) + (descriptors.Length * sizeof(int)));
                header->cmsg_level = Libc.SOL_SOCKET;
                header->cmsg_type = Libc.SCM_RIGHTS;
                descriptors.CopyTo(new Span<int>(control + sizeof(Libc.cmsghdr), descriptors.Length));
                message.msg_control = control;
                message.msg_controllen = (nuint)controlLength;
            }

            while (true)
            {
                SysResult sent = SysResult.From(Libc.sendmsg(Descriptor, &message, Libc.MSG_NOSIGNAL));
                if (!sent.Is(Errno.EINTR))
                {
                    return sent;
                }
            }
        }
    }

    /// <summary>
    /// Receives one packet with at most <paramref name="maxDescriptors"/> descriptors (close-on-exec); EAGAIN when none is waiting.
    /// </summary>
    public SysResult TryReceive(Span<byte> buffer, int maxDescriptors, out ReceivedPacket? packet)
    {
        packet = null;
        maxDescriptors = Math.Clamp(maxDescriptors, 0, MaxDescriptors);
        byte* control = stackalloc byte[sizeof(Libc.cmsghdr) + (MaxDescriptors * sizeof(int)) + 8];
        fixed (byte* data = buffer)
        {
            IoVector vector = new(data, buffer.Length);
            Libc.msghdr message = default;
            SysResult received;
            do
            {
                message.msg_iov = &vector;
                message.msg_iovlen = 1;
                message.msg_control = control;
                message.msg_controllen = (nuint)(sizeof(Libc.cmsghdr) + Align(maxDescriptors * sizeof(int)));
                received = SysResult.From(Libc.recvmsg(Descriptor, &message, Libc.MSG_CMSG_CLOEXEC));
            }
            while (received.Is(Errno.EINTR));

            if (!received.IsError)
            {
                packet = new ReceivedPacket(
                    (int)received.Value,
                    (message.msg_flags & Libc.MSG_TRUNC) != 0,
                    (message.msg_flags & Libc.MSG_CTRUNC) != 0,
                    TakeDescriptors(control, message.msg_controllen));
            }

            return received;
        }
    }

    /// <summary>Waits until the socket can be read, the waker was signalled, or time is up (-1 = never). Returns whether it can be read.</summary>
    public bool WaitReadable(Polling.Waker? waker, int timeoutMilliseconds) => Wait(Libc.POLLIN, waker, timeoutMilliseconds);

    /// <summary>Waits until the socket can be written, the waker was signalled, or time is up (-1 = never).</summary>
    public bool WaitWritable(Polling.Waker? waker, int timeoutMilliseconds) => Wait(Libc.POLLOUT, waker, timeoutMilliseconds);

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();

    private bool Wait(short events, Polling.Waker? waker, int timeoutMilliseconds)
    {
        Libc.pollfd* descriptors = stackalloc Libc.pollfd[2];
        descriptors[0] = new Libc.pollfd { fd = Descriptor, events = events };
        descriptors[1] = new Libc.pollfd { fd = waker?.Descriptor ?? -1, events = Libc.POLLIN };

        // An interrupted wait is a short one: the callers ask again anyway.
        int ready = Libc.poll(descriptors, 2, timeoutMilliseconds);
        return ready > 0 && descriptors[0].revents != 0;
    }

    private static List<FileDescriptor> TakeDescriptors(byte* control, nuint length)
    {
        var taken = new List<FileDescriptor>(1);
        nuint offset = 0;
        while (offset + (nuint)sizeof(Libc.cmsghdr) <= length)
        {
            var header = (Libc.cmsghdr*)(control + offset);
            if (header->cmsg_len < (nuint)sizeof(Libc.cmsghdr) || header->cmsg_len > length - offset)
            {
                break;
            }

            if (header->cmsg_level == Libc.SOL_SOCKET && header->cmsg_type == Libc.SCM_RIGHTS)
            {
                int count = (int)(header->cmsg_len - (nuint)sizeof(Libc.cmsghdr)) / sizeof(int);
                int* numbers = (int*)(header + 1);
                for (int i = 0; i < count; i++)
                {
                    taken.Add(new FileDescriptor(numbers[i]));
                }
            }

            offset += (nuint)Align((int)header->cmsg_len);
        }

        return taken;
    }

    private static FileDescriptor Open(string path) =>
        new((int)SysResult.From(Libc.socket(Libc.AF_UNIX, Libc.SOCK_SEQPACKET | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0)).OrThrow("socket AF_UNIX", path));

    /// <summary>CMSG_ALIGN: to the size of a native word.</summary>
    private static int Align(int length) => (length + sizeof(nuint) - 1) & ~(sizeof(nuint) - 1);
}
