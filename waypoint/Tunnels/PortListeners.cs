using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Telemetry.Logging;

namespace Ambient.Waypoint.Tunnels;

/// <summary>Opens and closes the ports that the configuration names, on all addresses of both families. What a port means may change while it is open. Thread-safe.</summary>
/// <param name="loops">Those that accept.</param>
/// <param name="log">Where ports that cannot be opened are named.</param>
/// <param name="begin">Takes an accepted socket, with what its port means.</param>
internal sealed class PortListeners<T>(IReadOnlyList<WaypointLoop> loops, Logger log, Action<WaypointLoop, int, SocketAddress, T> begin)
    where T : class
{
    private static readonly SocketOptions Options = new()
    {
        ReusePort = true,
        Transparent = TransparentMode.Never,
        KeepAlive = new KeepAlive(TimeSpan.FromMinutes(3), TimeSpan.FromSeconds(30), 4),
    };

    private readonly Lock _changing = new();
    private readonly SocketFactory _sockets = new(null, Options);
    private readonly Dictionary<ushort, (Holder Current, TunnelListener[] Listeners)> _ports = [];
    private bool _isOver;

    /// <summary>Makes the ports those that are given; one that cannot be opened is tried again with the next change.</summary>
    public void Apply(IReadOnlyDictionary<ushort, T> wanted)
    {
        lock (_changing)
        {
            if (_isOver)
            {
                return;
            }

            foreach (ushort port in _ports.Keys.Where(port => !wanted.ContainsKey(port)).ToArray())
            {
                Close(port);
            }

            foreach ((ushort port, T meaning) in wanted)
            {
                if (_ports.TryGetValue(port, out (Holder Current, TunnelListener[] Listeners) open))
                {
                    open.Current.Meaning = meaning;
                }
                else
                {
                    Open(port, meaning);
                }
            }
        }
    }

    /// <summary>Closes all ports for ever; connections stay.</summary>
    public void Close()
    {
        lock (_changing)
        {
            Apply(new Dictionary<ushort, T>());
            _isOver = true;
        }
    }

    private void Open(ushort port, T meaning)
    {
        Holder holder = new(meaning);
        List<(TunnelListener Listener, WaypointLoop Loop, int Descriptor)> opened = [];
        foreach (WaypointLoop loop in loops)
        {
            // Both families; IPv4 alone where the kernel has no other.
            SysResult both = _sockets.Listen(SocketAddress.AnyIPv6.WithPort(port), 1024, out _);
            SysResult socket = both.Is(Errno.EAFNOSUPPORT) ? _sockets.Listen(SocketAddress.AnyIPv4.WithPort(port), 1024, out _) : both;
            if (socket.IsError)
            {
                log.Error("a port cannot be opened", LogField.Of("port", port), LogField.Of("error", socket.ToString()));
                opened.ForEach(one => SocketIo.Close(one.Descriptor));
                return;
            }

            opened.Add((new TunnelListener(loop, (on, fd, peer) => begin(on, fd, peer, holder.Meaning), TunnelListener.Say(log, port)), loop, (int)socket.Value));
        }

        foreach ((TunnelListener accepting, WaypointLoop loop, int descriptor) in opened)
        {
            loop.Loop.Post(_ => accepting.Watch(descriptor), null);
        }

        log.Info("a port is open", LogField.Of("port", port));
        _ports[port] = (holder, [.. opened.Select(one => one.Listener)]);
    }

    private void Close(ushort port)
    {
        TunnelListener[] listeners = _ports[port].Listeners;
        _ports.Remove(port);
        for (int i = 0; i < listeners.Length; i++)
        {
            TunnelListener listener = listeners[i];
            loops[i].Loop.Post(_ => listener.Close(), null);
        }

        log.Info("a port is closed", LogField.Of("port", port));
    }

    private sealed class Holder(T meaning)
    {
        private volatile T _meaning = meaning;

        public T Meaning
        {
            get => _meaning;
            set => _meaning = value;
        }
    }
}
