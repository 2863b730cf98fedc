using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Protocol.L7;
using Ambient.Telemetry.Logging;
using LogField = Ambient.Telemetry.Logging.LogField;

namespace Ambient.Waypoint.Tunnels;

/// <summary>Opens and closes the ports that the settings name. Thread-safe.</summary>
internal sealed class PlainListeners(IReadOnlyList<WaypointLoop> loops, Logger log)
{
    private readonly Lock _changing = new();
    private readonly SocketFactory _sockets = new(null, new SocketOptions { ReusePort = true, Transparent = TransparentMode.Never });
    private readonly Dictionary<uint, (Holder Current, TunnelListener[] Listeners)> _ports = [];

    /// <summary>Makes the ports those of the settings; one that cannot be opened is tried again with the next settings.</summary>
    public void Apply(IEnumerable<Listener> listeners)
    {
        lock (_changing)
        {
            Dictionary<uint, Listener> wanted = [];
            foreach (Listener listener in listeners.Where(candidate => candidate.Port is > 0 and <= 65535))
            {
                wanted[listener.Port] = listener;
            }

            foreach (uint port in _ports.Keys.Except(wanted.Keys).ToArray())
            {
                Close(port);
            }

            foreach (Listener listener in wanted.Values)
            {
                if (_ports.TryGetValue(listener.Port, out (Holder Current, TunnelListener[] Listeners) open))
                {
                    open.Current.Listener = listener;
                }
                else
                {
                    Open(listener);
                }
            }
        }
    }

    /// <summary>Closes all ports; connections stay.</summary>
    public void Close() => Apply([]);

    private void Open(Listener listener)
    {
        Holder holder = new(listener);
        List<(TunnelListener Listener, WaypointLoop Loop, int Descriptor)> opened = [];
        foreach (WaypointLoop loop in loops)
        {
            SysResult socket = _sockets.Listen(SocketAddress.AnyIPv4.WithPort((ushort)listener.Port), 1024, out _);
            if (socket.IsError)
            {
                log.Error("a port cannot be opened", LogField.Of("port", listener.Port), LogField.Of("error", socket.ToString()));
                opened.ForEach(one => SocketIo.Close(one.Descriptor));
                return;
            }

            opened.Add((new TunnelListener(loop, (on, fd, peer) => PlainConnection.Begin(on, fd, peer, holder.Listener)), loop, (int)socket.Value));
        }

        foreach ((TunnelListener accepting, WaypointLoop loop, int descriptor) in opened)
        {
            loop.Loop.Post(_ => accepting.Watch(descriptor), null);
        }

        _ports[listener.Port] = (holder, [.. opened.Select(one => one.Listener)]);
    }

    private void Close(uint port)
    {
        TunnelListener[] listeners = _ports[port].Listeners;
        _ports.Remove(port);
        for (int i = 0; i < listeners.Length; i++)
        {
            TunnelListener listener = listeners[i];
            loops[i].Loop.Post(_ => listener.Close(), null);
        }
    }

    private sealed class Holder(Listener listener)
    {
        private volatile Listener _listener = listener;

        public Listener Listener
        {
            get => _listener;
            set => _listener = value;
        }
    }
}
