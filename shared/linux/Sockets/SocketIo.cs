using System.Diagnostics.CodeAnalysis;
using Ambient.Linux.Native;

namespace Ambient.Linux.Sockets;

/// <summary>
/// Thin system calls on sockets that the caller owns as plain numbers. Nothing throws, EINTR is retried here and nowhere else,
/// and no write raises SIGPIPE. Thread-safe as far as the kernel is.
/// </summary>
public static unsafe partial class SocketIo
{
    private const int AddressCapacity = 28;

    /// <summary>recv: bytes read, 0 at end of stream.</summary>
    public static SysResult Read(int fd, Span<byte> buffer)
    {
        fixed (byte* p = buffer)
        {
            return Read(fd, p, buffer.Length);
        }
    }

    /// <summary>recv into native memory: bytes read, 0 at end of stream.</summary>
    public static SysResult Read(int fd, byte* buffer, int length)
    {
        while (true)
        {
            SysResult result = SysResult.From(Libc.recv(fd, buffer, (nuint)length, 0));
            if (!result.Is(Errno.EINTR))
            {
                return result;
            }
        }
    }

    /// <summary>readv: bytes read, 0 at end of stream.</summary>
    public static SysResult ReadVector(int fd, ReadOnlySpan<IoVector> into)
    {
        fixed (IoVector* vectors = into)
        {
            while (true)
            {
                SysResult result = SysResult.From(Libc.readv(fd, vectors, into.Length));
                if (!result.Is(Errno.EINTR))
                {
                    return result;
                }
            }
        }
    }

    /// <summary>send: bytes taken by the kernel.</summary>
    public static SysResult Write(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* p = bytes)
        {
            return Write(fd, p, bytes.Length);
        }
    }

    /// <summary>send from native memory: bytes taken by the kernel.</summary>
    public static SysResult Write(int fd, byte* bytes, int length)
    {
        while (true)
        {
            SysResult result = SysResult.From(Libc.send(fd, bytes, (nuint)length, Libc.MSG_NOSIGNAL));
            if (!result.Is(Errno.EINTR))
            {
                return result;
            }
        }
    }

    /// <summary>sendmsg: bytes taken by the kernel. writev would raise SIGPIPE.</summary>
    public static SysResult WriteVector(int fd, ReadOnlySpan<IoVector> from)
    {
        fixed (IoVector* vectors = from)
        {
            Libc.msghdr message = default;
            message.msg_iov = vectors;
            message.msg_iovlen = (nuint)from.Length;
            while (true)
            {
                SysResult result = SysResult.From(Libc.sendmsg(fd, &message, Libc.MSG_NOSIGNAL));
                if (!result.Is(Errno.EINTR))
                {
                    return result;
                }
            }
        }
    }

    /// <summary>accept4: a non-blocking, close-on-exec descriptor and the peer's address.</summary>
    public static SysResult Accept(int fd, out SocketAddress peer)
    {
        byte* address = stackalloc byte[AddressCapacity];
        while (true)
        {
            uint length = AddressCapacity;
            SysResult result = SysResult.From(Libc.accept4(fd, address, &length, Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC));
            if (!result.Is(Errno.EINTR))
            {
                peer = result.IsError ? default : SocketAddress.ReadNative(address, Math.Min(length, AddressCapacity));
                return result;
            }
        }
    }

    /// <summary>connect on a socket of the address' own family; EINPROGRESS is the usual answer of a non-blocking one.</summary>
    public static SysResult Connect(int fd, in SocketAddress address)
    {
        byte* native = stackalloc byte[AddressCapacity];
        uint length = address.WriteNative(native, !address.IsIPv4);
        SysResult result = SysResult.From(Libc.connect(fd, native, length));

        // An interrupted connect goes on by itself; asking again would only say EALREADY.
        return result.Is(Errno.EINTR) ? SysResult.Failure(Errno.EINPROGRESS) : result;
    }

    /// <summary>shutdown(SHUT_WR): our FIN.</summary>
    public static SysResult ShutdownWrite(int fd) => SysResult.From(Libc.shutdown(fd, Libc.SHUT_WR));

    /// <summary>close; on Linux the descriptor is gone even when it reports EINTR, hence no retry.</summary>
    public static SysResult Close(int fd) => SysResult.From(Libc.close(fd));

    /// <summary>SO_LINGER 0, then close: the peer sees RST, and bytes that were not sent yet are dropped.</summary>
    public static SysResult CloseWithReset(int fd)
    {
        var linger = new Libc.linger { l_onoff = 1 };
        _ = Libc.setsockopt(fd, Libc.SOL_SOCKET, Libc.SO_LINGER, &linger, (uint)sizeof(Libc.linger));
        return Close(fd);
    }

    /// <summary>SO_ERROR: success, or the error that a non-blocking connect ended with. Reading clears it.</summary>
    public static SysResult PendingError(int fd)
    {
        int error = 0;
        uint length = sizeof(int);
        SysResult result = SysResult.From(Libc.getsockopt(fd, Libc.SOL_SOCKET, Libc.SO_ERROR, &error, &length));
        return result.IsError || error == 0 ? result : SysResult.Failure((Errno)error);
    }

    /// <summary>getsockname.</summary>
    public static SysResult LocalAddress(int fd, out SocketAddress address)
    {
        byte* native = stackalloc byte[AddressCapacity];
        uint length = AddressCapacity;
        SysResult result = SysResult.From(Libc.getsockname(fd, native, &length));
        address = result.IsError ? default : SocketAddress.ReadNative(native, Math.Min(length, AddressCapacity));
        return result;
    }

    /// <summary>getpeername.</summary>
    public static SysResult PeerAddress(int fd, out SocketAddress address)
    {
        byte* native = stackalloc byte[AddressCapacity];
        uint length = AddressCapacity;
        SysResult result = SysResult.From(Libc.getpeername(fd, native, &length));
        address = result.IsError ? default : SocketAddress.ReadNative(native, Math.Min(length, AddressCapacity));
        return result;
    }

    /// <summary>SO_ORIGINAL_DST, the IPv4 option first, then the IPv6 one (ztunnel.md 1.4). The caller falls back on the local address.</summary>
    public static SysResult OriginalDestination(int fd, out SocketAddress address)
    {
        byte* native = stackalloc byte[AddressCapacity];
        uint length = AddressCapacity;
        SysResult result = SysResult.From(Libc.getsockopt(fd, Libc.SOL_IP, Libc.SO_ORIGINAL_DST, native, &length));
        if (result.IsError)
        {
            length = AddressCapacity;
            result = SysResult.From(Libc.getsockopt(fd, Libc.SOL_IPV6, Libc.IP6T_SO_ORIGINAL_DST, native, &length));
        }

        address = result.IsError ? default : SocketAddress.ReadNative(native, Math.Min(length, AddressCapacity));
        return result;
    }

    /// <summary>recvfrom: bytes of one datagram (cut at the buffer's end) and its sender.</summary>
    public static SysResult ReceiveFrom(int fd, Span<byte> buffer, out SocketAddress sender)
    {
        byte* native = stackalloc byte[AddressCapacity];
        fixed (byte* p = buffer)
        {
            while (true)
            {
                uint length = AddressCapacity;
                SysResult result = SysResult.From(Libc.recvfrom(fd, p, (nuint)buffer.Length, 0, native, &length));
                if (!result.Is(Errno.EINTR))
                {
                    sender = result.IsError ? default : SocketAddress.ReadNative(native, Math.Min(length, AddressCapacity));
                    return result;
                }
            }
        }
    }

    /// <summary>sendto on a socket of the address' own family.</summary>
    public static SysResult SendTo(int fd, ReadOnlySpan<byte> bytes, in SocketAddress destination)
    {
        byte* native = stackalloc byte[AddressCapacity];
        uint length = destination.WriteNative(native, !destination.IsIPv4);
        fixed (byte* p = bytes)
        {
            while (true)
            {
                SysResult result = SysResult.From(Libc.sendto(fd, p, (nuint)bytes.Length, Libc.MSG_NOSIGNAL, native, length));
                if (!result.Is(Errno.EINTR))
                {
                    return result;
                }
            }
        }
    }

    /// <summary>Two connected AF_UNIX stream sockets, non-blocking and close-on-exec.</summary>
    public static SysResult SocketPair(out int a, out int b) => Pair(Libc.SOCK_STREAM, out a, out b);

    /// <summary>Two connected AF_UNIX sockets that keep message borders (SOCK_SEQPACKET), non-blocking and close-on-exec.</summary>
    public static SysResult PacketPair(out int a, out int b) => Pair(Libc.SOCK_SEQPACKET, out a, out b);

    /// <summary>
    /// Reads an integer option, as the tests and diagnostics want to know what the kernel really holds.
    /// </summary>
    [SuppressMessage("Design", "CA1021", Justification = "The value belongs beside the error.")]
    internal static SysResult GetOption(int fd, int level, int option, out int value)
    {
        int raw = 0;
        uint length = sizeof(int);
        SysResult result = SysResult.From(Libc.getsockopt(fd, level, option, &raw, &length));
        value = raw;
        return result;
    }

    internal static SysResult SetOption(int fd, int level, int option, int value) =>
        SysResult.From(Libc.setsockopt(fd, level, option, &value, sizeof(int)));

    private static SysResult Pair(int type, out int a, out int b)
    {
        int* pair = stackalloc int[2] { -1, -1 };
        SysResult result = SysResult.From(Libc.socketpair(Libc.AF_UNIX, type | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0, pair));
        (a, b) = (pair[0], pair[1]);
        return result;
    }
}
