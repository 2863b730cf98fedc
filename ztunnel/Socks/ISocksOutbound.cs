using Ambient.Linux.Sockets;

namespace Ambient.Ztunnel.Socks;

/// <summary>What follows the SOCKS handshake: the outbound handler. Called on the connection's loop.</summary>
public interface ISocksOutbound
{
    /// <summary>
    /// Takes over an accepted socket whose next byte is the application's own, to be connected with the target by the outbound
    /// decision table. The descriptor is unregistered, non-blocking and has nodelay; it belongs to the callee from here on.
    /// </summary>
    void Connect(Ambient.EventLoop.EventLoop loop, int fd, SocketAddress client, SocketAddress target);
}
