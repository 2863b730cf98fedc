using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Telemetry.Logging;
using Ambient.Ztunnel.Accepting;

namespace Ambient.Ztunnel.Socks;

/// <summary>
/// The SOCKS5 port of a pod on one loop (ztunnel.md 3.13): accepts, shakes hands, and gives the socket to the outbound handler.
/// Loop-affine. The listening socket comes bound; several loops may have one each on the same port.
/// </summary>
public sealed class SocksListener
{
    /// <summary>Usual port.</summary>
    public const ushort DefaultPort = 15080;

    private readonly Listener _listener;
    private readonly ISocksOutbound _outbound;
    private readonly ISocksNames? _names;
    private readonly SocketOptions _options;
    private readonly SocksSettings _settings;
    private readonly Logger _log;
    private readonly HashSet<SocksConnection> _connections = [];
    private Ambient.EventLoop.EventLoop _loop = null!;

    /// <summary>Takes ownership of the listening descriptor. Without <paramref name="names"/> (DNS proxy off) every name is unreachable.</summary>
    public SocksListener(int fd, ISocksOutbound outbound, ISocksNames? names, SocketOptions options, SocksSettings settings, Logger log)
    {
        (_outbound, _names, _options, _settings, _log) = (outbound, names, options, settings, log);
        _listener = new Listener(fd, Begin);
    }

    internal SocksSettings Settings => _settings;

    /// <summary>Begins to accept. Throws <see cref="LinuxException"/>.</summary>
    public void Serve(Ambient.EventLoop.EventLoop loop)
    {
        _loop = loop;
        _listener.Serve(loop);
    }

    /// <summary>Accepts no more; handshakes go on.</summary>
    public void CloseListener() => _listener.Close();

    /// <summary>Closes the listener and all handshakes.</summary>
    public void StopNow()
    {
        CloseListener();
        foreach (SocksConnection connection in _connections.ToArray())
        {
            connection.Close(reset: true);
        }
    }

    internal void OnClosed(SocksConnection connection) => _connections.Remove(connection);

    internal void OnTarget(SocksConnection connection, int fd, SocketAddress client, SocketAddress target)
    {
        _connections.Remove(connection);
        _log.Debug("socks5 request accepted", LogField.Bare("src.addr", client.ToString()), LogField.Bare("dst.addr", target.ToString()));
        _outbound.Connect(_loop, fd, client, target);
    }

    internal void Resolve(SocksConnection connection, string name, bool ipv6)
    {
        if (_names is null)
        {
            connection.OnResolved(null);
            return;
        }

        _names.Resolve(name, ipv6, _loop, static (state, address) => ((SocksConnection)state!).OnResolved(address), connection);
    }

    private void Begin(int fd, SocketAddress client)
    {
        if (_connections.Count >= _settings.MaxHandshakes || SocketConfiguration.Connection(fd, _options).IsError)
        {
            _ = SocketIo.CloseWithReset(fd);
            return;
        }

        var connection = new SocksConnection(this, fd, client);
        try
        {
            connection.Serve(_loop);
            _connections.Add(connection);
        }
        catch (LinuxException e)
        {
            _ = SocketIo.Close(fd);
            _log.Warn("socks5 connection cannot be watched", LogField.Of("error", e.Message));
        }
    }
}
