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
        SocketFactory sockets = new(pod.Network, pod.Mark == 0 ? _context.Options.Sockets : _context.Options.Sockets with { Mark = pod.Mark });
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

            for (int i = 0; i < _context.Loops.Count && _context.Options.IsProxyEnabled; i++)
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
        PodProxy proxy = Serve(local, sockets, preserve, opened, dns);
        if (opened.Count > 0)
        {
            LogListeners(opened[0].IsTransparent);
        }

        return proxy;
    }

    /// <summary>
    /// Serves 15008 on ztunnel's own address, so that scrapers of the mesh reach its metrics (ztunnel.md 1.2). Nothing of this pod is
    /// captured, its sockets carry no mark, and callers' addresses are not kept (3.12).
    /// </summary>
    /// <exception cref="Ambient.Linux.LinuxException">The port cannot be bound.</exception>
    public IPodProxy StartOwn(in LocalWorkload own)
    {
        SocketFactory sockets = new(null, _context.Options.Sockets with { Mark = 0, Transparent = TransparentMode.Never });
        List<PodSockets> opened = [];
        try
        {
            foreach (ProxyLoop _ in _context.Loops)
            {
                opened.Add(PodSockets.OpenInbound(sockets, _context.Options.IPv6));
            }
        }
        catch
        {
            opened.ForEach(o => o.Close());
            throw;
        }

        PodProxy proxy = Serve(own, sockets, preserve: false, opened, dns: null);
        LogListener("inbound (own)", 15008, transparent: false);
        return proxy;
    }

    private PodProxy Serve(LocalWorkload local, SocketFactory sockets, bool preserve, List<PodSockets> opened, DnsServer? dns)
    {
        PodLoop[] loops = [.. _context.Loops.Take(opened.Count).Select(loop => new PodLoop(_context, loop, local, sockets, preserve))];
        PodProxy proxy = new(_context, loops, dns, ended => _proxies.TryRemove(ended, out bool _));
        _proxies.TryAdd(proxy, true);
        proxy.Serve(opened);
        return proxy;
    }

    private void LogListeners(bool transparent)
    {
        LogListener("inbound", 15008, transparent);
        LogListener("inbound plaintext", 15006, transparent);
        LogListener("outbound", 15001, transparent);
        if (_context.Options.IsSocksEnabled)
        {
            LogListener("socks5", SocketAddress.LoopbackIPv4.WithPort(SocksListener.DefaultPort), transparent: false);
        }
    }

    private void LogListener(string component, ushort port, bool transparent) =>
        LogListener(component, (_context.Options.IPv6 ? SocketAddress.AnyIPv6 : SocketAddress.AnyIPv4).WithPort(port), transparent);

    private void LogListener(string component, SocketAddress address, bool transparent) =>
        _log.Info("listener established", LogField.Bare("address", address.ToString()), LogField.Of("component", component), LogField.Of("transparent", transparent));

    private void OnMeshChanged(MeshView view, ChangeSummary summary)
    {
        foreach (PodProxy proxy in _proxies.Keys)
        {
            proxy.OnViewChanged(summary.PoliciesChanged || summary.LocalWorkloadsChanged);
        }
    }
}
