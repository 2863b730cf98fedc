using Ambient.Dns.Messages;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Sockets;
using Ambient.Linux;
using Ambient.Telemetry.Logging;
using Ambient.Ztunnel.Accepting;
using Ambient.Ztunnel.Dns.Names;

namespace Ambient.Ztunnel.Dns.Serving;

/// <summary>
/// The DNS proxy of one pod: UDP and TCP on its loopback addresses, all on one loop (ztunnel.md 7.1). Public members are
/// thread-safe.
/// </summary>
/// <remarks>
/// Bound → (Serve) → Serving → (Drain) → Draining → Stopped, and from everywhere → (StopNow) → Stopped. Draining ends by itself
/// when no query is outstanding, which the forwarder's limit bounds.
/// </remarks>
public sealed class DnsServer : Socks.ISocksNames
{
    private const int Backlog = 128;
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    private readonly Ambient.EventLoop.EventLoop _loop;
    private readonly DnsSettings _settings;
    private readonly DnsService _service;
    private readonly Logger _log;
    private readonly List<DnsUdpListener> _udp = [];
    private readonly List<Listener> _tcp = [];
    private readonly HashSet<DnsTcpConnection> _connections = [];
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _draining;

    private DnsServer(Ambient.EventLoop.EventLoop loop, SocketFactory sockets, DnsSettings settings, IDnsNames names, IDnsObserver observer, Logger log)
    {
        (_loop, _settings, _log) = (loop, settings, log);
        _service = new DnsService(loop, sockets, settings, names, observer) { Idle = CompleteIfDone };
    }

    /// <summary>Whether everything is closed. Never faults.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Addresses that are bound; with the ports that the kernel chose where 0 was asked for.</summary>
    public IReadOnlyList<SocketAddress> Addresses { get; private set; } = [];

    /// <summary>
    /// Binds everything, or throws <see cref="LinuxException"/> and leaves nothing bound. Nothing is answered before
    /// <see cref="Serve"/>, so that a whole listener set can be bound first (ztunnel.md 1.6).
    /// </summary>
    public static DnsServer Open(Ambient.EventLoop.EventLoop loop, SocketFactory sockets, DnsSettings settings, IDnsNames names, IDnsObserver observer, Logger log)
    {
        ArgumentNullException.ThrowIfNull(sockets);
        ArgumentNullException.ThrowIfNull(settings);
        var server = new DnsServer(loop, sockets, settings, names, observer, log);
        var bound = new List<SocketAddress>();
        try
        {
            bool hasIPv6 = HasIPv6Loopback(sockets.Namespace);
            foreach (SocketAddress address in settings.Addresses)
            {
                if (address.IsIPv4 || !address.IsLoopback || hasIPv6)
                {
                    bound.Add(server.Bind(sockets, address));
                }
            }
        }
        catch
        {
            server.CloseListeners();
            throw;
        }

        server.Addresses = bound;
        return server;
    }

    /// <summary>Begins to answer.</summary>
    public void Serve() => _loop.Post(
        static state =>
        {
            var server = (DnsServer)state!;
            if (server.Completion.IsCompleted)
            {
                return;
            }

            server._udp.ForEach(l => l.Serve(server._loop));
            server._tcp.ForEach(l => l.Serve(server._loop));
        },
        this);

    /// <summary>Takes no more queries, answers those it has.</summary>
    public void Drain() => _loop.Post(static state => ((DnsServer)state!).BeginDrain(), this);

    /// <summary>Closes everything; the ports are free when this returns (or the loop is stuck, after 5 s).</summary>
    public void StopNow()
    {
        if (_loop.IsCurrent)
        {
            Stop();
            return;
        }

        _loop.Post(static state => ((DnsServer)state!).Stop(), this);
        ((IAsyncResult)_completion.Task).AsyncWaitHandle.WaitOne(StopLimit);
    }

    /// <summary>
    /// Resolves a name as if the pod had asked, for SOCKS5 (ztunnel.md 3.13): the first address, or null. The callback runs on
    /// <paramref name="caller"/>.
    /// </summary>
    public void Resolve(string name, bool ipv6, Ambient.EventLoop.EventLoop caller, Action<object?, SocketAddress?> callback, object? state)
    {
        var resolution = new NameResolution(_service, name, ipv6 ? DnsType.Aaaa : DnsType.A, caller, callback, state);
        _loop.Post(static state => ((NameResolution)state!).Start(), resolution);
    }

    internal void OnClosed(DnsTcpConnection connection)
    {
        _connections.Remove(connection);
        CompleteIfDone();
    }

    /// <summary>The sysctl of the pod, which can only switch ::1 off (ztunnel.md 1.2); an unreadable one counts as on.</summary>
    private static bool HasIPv6Loopback(NetworkNamespace? network)
    {
        const string Path = "/proc/sys/net/ipv6/conf/lo/disable_ipv6";
        try
        {
            string text = network is null ? File.ReadAllText(Path) : network.Run(static () => File.ReadAllText(Path));
            return text.Trim() != "1";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private SocketAddress Bind(SocketFactory sockets, SocketAddress address)
    {
        string target = address.ToString();
        int udp = (int)sockets.OpenDatagram(address).OrThrow("bind", "DNS over UDP on " + target);
        _udp.Add(new DnsUdpListener(_service, udp));
        _ = SocketIo.LocalAddress(udp, out SocketAddress local);

        // Plain listeners: transparency is for redirected traffic to foreign addresses only.
        int tcp = (int)new SocketFactory(sockets.Namespace, sockets.Options with { Transparent = TransparentMode.Never })
            .Listen(local, Backlog, out _).OrThrow("bind", "DNS over TCP on " + target);
        _tcp.Add(new Listener(tcp, (fd, _) => OnAccepted(fd)));
        _log.Info("listener established", LogField.Bare("address", local.ToString()), LogField.Of("component", "dns"), LogField.Of("transparent", false));
        return local;
    }

    private void OnAccepted(int fd)
    {
        if (_connections.Count >= _settings.MaxConnections || _draining)
        {
            _ = SocketIo.CloseWithReset(fd);
            return;
        }

        _ = SocketConfiguration.NoDelay(fd);
        var connection = new DnsTcpConnection(this, _service, _settings, fd);
        _connections.Add(connection);
        try
        {
            connection.Serve(_loop);
        }
        catch (LinuxException e)
        {
            _connections.Remove(connection);
            _ = SocketIo.Close(fd);
            _log.Warn("DNS connection cannot be watched", LogField.Of("error", e.Message));
        }
    }

    private void BeginDrain()
    {
        _draining = true;
        CloseListeners(keepUdp: true);
        foreach (DnsTcpConnection connection in _connections.ToArray())
        {
            connection.Finish();
        }

        CompleteIfDone();
    }

    private void Stop()
    {
        _draining = true;
        CloseListeners();
        foreach (DnsTcpConnection connection in _connections.ToArray())
        {
            connection.Close(reset: true);
        }

        _service.Abandon();
        CompleteIfDone();
    }

    /// <summary>While draining, UDP answers still need their socket; what comes in on it meanwhile is answered too.</summary>
    private void CloseListeners(bool keepUdp = false)
    {
        _tcp.ForEach(l => l.Close());
        _tcp.Clear();
        if (!keepUdp)
        {
            _udp.ForEach(l => l.Close());
            _udp.Clear();
        }
    }

    private void CompleteIfDone()
    {
        if (_draining && _service.Outstanding == 0 && _connections.Count == 0)
        {
            CloseListeners();
            _completion.TrySetResult();
        }
    }
}
