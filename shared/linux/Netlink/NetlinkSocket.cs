using System.Buffers;
using Ambient.Linux.Descriptors;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Native;
using Ambient.Linux.Sockets;

namespace Ambient.Linux.Netlink;

/// <summary>
/// A netlink socket of one network namespace: it stays there wherever its user goes. The kernel answers a request before the send returns, so nothing
/// here ever waits. For one thread at a time.
/// </summary>
public sealed unsafe class NetlinkSocket : IDisposable
{
    /// <summary>One receive; the kernel never puts more than this into one datagram of a dump.</summary>
    private const int ReceiveLength = 32 * 1024;

    private readonly FileDescriptor _descriptor;
    private readonly string _name;

    private NetlinkSocket(FileDescriptor descriptor, string name) => (_descriptor, _name) = (descriptor, name);

    /// <summary>Opens a socket of a netlink family inside a namespace (null: where the thread is). Throws <see cref="LinuxException"/>.</summary>
    internal static NetlinkSocket Open(NetworkNamespace? network, int protocol)
    {
        SysResult opened;
        using (NamespaceScope.Enter(network, out SysResult entered))
        {
            entered.OrThrow("setns", network?.Name ?? "");
            opened = SysResult.From(Libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, protocol));
        }

        string name = network?.Name ?? "the thread's namespace";
        return new NetlinkSocket(new FileDescriptor((int)opened.OrThrow("socket AF_NETLINK", name)), name);
    }

    /// <summary>Sends one request or batch, and reads what the kernel said to it. Throws <see cref="LinuxException"/> when nothing could be sent or read.</summary>
    internal NetlinkReply Ask(ReadOnlySpan<byte> request)
    {
        Libc.sockaddr_nl kernel = new() { nl_family = Libc.AF_NETLINK };
        SysResult sent;
        fixed (byte* bytes = request)
        {
            do
            {
                sent = SysResult.From(Libc.sendto(_descriptor.Number, bytes, (nuint)request.Length, 0, &kernel, (uint)sizeof(Libc.sockaddr_nl)));
            }
            while (sent.Is(Errno.EINTR));
        }

        sent.OrThrow("send netlink", _name);
        var reply = new NetlinkReply();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReceiveLength);
        try
        {
            while (true)
            {
                SysResult received = SocketIo.Read(_descriptor.Number, buffer);
                if (received.Is(Errno.EAGAIN))
                {
                    return reply;
                }

                received.OrThrow("receive netlink", _name);
                reply.Add(buffer.AsSpan(0, (int)received.Value));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();
}
