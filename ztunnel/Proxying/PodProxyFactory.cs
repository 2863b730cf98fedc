using System.Collections.Concurrent;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Views;
using Ambient.Telemetry.Logging;
using Ambient.Ztunnel.Dns.Names;
using Ambient.Ztunnel.Dns.Serving;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Socks;

namespace Ambient.Ztunnel.Proxying;

/// <summary>Starts the listener set of a pod: every socket of every loop is bound before the first is served (ztunnel.md 1.6). Thread-safe.</summary>
internal sealed class PodProxyFactory : IPodProxyFactory
{
    private readonly ProxyContext _context;
    private readonly DnsSettings? _dns;
    private readonly NameSettings _names;
    private readonly IDnsObserver _dnsObserver;
    private readonly Logger _log;
    private readonly ConcurrentDictionary<PodProxy, bool> _proxies = new();
    private int _next;

    public PodProxyFactory(ProxyContext context, DnsSettings? dns, NameSettings names, IDnsObserver dnsObserver, Logger log)
    {
        _context = context;
        _dns = dns;
        _names = names;
        _dnsObserver = dnsObserver;
        _log = log;
        context.Mesh.Changed += OnMeshChanged;
    }

    /// <inheritdoc/>
    public IPodProxy Start(PodSpec pod)
    {
        SocketFactory sockets = new(pod.Network, _context.Options.Sockets);
        LocalWorkload local = new(pod.Name ?? "", pod.Namespace ?? "", pod.ServiceAccount ?? "");
        DnsServer? dns = null;
        List<PodSockets> opened = [];
        try
        {
            if (_dns is not null)
            {
                ProxyLoop loop = _context.Loops[(int)((uint)Interlocked.Increment(ref _next) % (uint)_context.Loops.Count)];
                dns = DnsServer.Open(loop.Loop, sockets, _dns, new MeshNames(_context.Mesh, local, _names), _dnsObserver, _log);
            }

            foreach (ProxyLoop _ in _context.Loops)
            {
                opened.Add(PodSockets.Open(sockets, _context.Options.IPv6, _context.Options.IsSocksEnabled));
            }
        }
        catch
        {
            dns?.StopNow();
            opened.ForEach(o => o.Close());
            throw;
        }

        bool preserve = _context.Options.PreserveSource ?? opened.TrueForAll(o => o.IsTransparent);
        PodLoop[] loops = [.. _context.Loops.Select(loop => new PodLoop(_context, loop, local, sockets, preserve))];
        PodProxy proxy = new(_context, loops, opened, dns, ended => _proxies.TryRemove(ended, out bool _));
        _proxies.TryAdd(proxy, true);
        LogListeners(opened[0].IsTransparent);
        return proxy;
    }

    private void LogListeners(bool transparent)
    {
        foreach ((string component, int port) in new[] { ("inbound", 15008), ("inbound plaintext", 15006), ("outbound", 15001) })
        {
            string address = (_context.Options.IPv6 ? "[::]:" : "0.0.0.0:") + port.ToString(System.Globalization.CultureInfo.InvariantCulture);
            _log.Info("listener established", LogField.Bare("address", address), LogField.Of("component", component), LogField.Of("transparent", transparent));
        }

        if (_context.Options.IsSocksEnabled)
        {
            _log.Info("listener established", LogField.Bare("address", SocketAddress.LoopbackIPv4.WithPort(SocksListener.DefaultPort).ToString()), LogField.Of("component", "socks5"), LogField.Of("transparent", false));
        }
    }

    private void OnMeshChanged(MeshView view, ChangeSummary summary)
    {
        foreach (PodProxy proxy in _proxies.Keys)
        {
            proxy.OnViewChanged(summary.PoliciesChanged || summary.LocalWorkloadsChanged);
        }
    }
}
