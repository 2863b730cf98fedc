using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Benchmarks.Load;

/// <summary>Opens non-blocking client sockets.</summary>
internal static class Connector
{
    private static readonly SocketFactory Sockets = new(null, new SocketOptions());

    /// <summary>Begins a connect; the descriptor becomes writable when it is done.</summary>
    public static int Begin(SocketAddress address)
    {
        int descriptor = (int)Sockets.OpenStream(address.IsIPv4, null).OrThrow("socket", address.ToString());
        SysResult connected = SocketIo.Connect(descriptor, address);
        if (connected.IsError && !connected.Is(Errno.EINPROGRESS))
        {
            connected.OrThrow("connect", address.ToString());
        }

        return descriptor;
    }
}
