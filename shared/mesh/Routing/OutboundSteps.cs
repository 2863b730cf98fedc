using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Routing;

/// <summary>The ways that an outbound connection can take, for one query. Immutable.</summary>
internal sealed class OutboundSteps
{
    private readonly MeshView _view;
    private readonly IpAddress _sourceAddress;
    private readonly IReadOnlySet<string>? _asked;

    internal OutboundSteps(MeshView view, in OutboundQuery query, Workload source, Random random)
    {
        _view = view;
        _sourceAddress = query.SourceAddress;
        _asked = query.AskedResources;
        Avoided = query.Avoided;
        Target = query.Target;
        Source = source;
        Random = random;
    }

    internal IpPort Target { get; }

    internal Workload Source { get; }

    internal Random Random { get; }

    internal IReadOnlySet<string>? Avoided { get; }

    /// <summary>In on-demand mode: what to ask for before the thing counts as unknown.</summary>
    internal NeedsResource? MustAsk(Func<string> name)
    {
        if (_asked is null)
        {
            return null;
        }

        string resource = name();
        return _asked.Contains(resource) ? null : new NeedsResource(resource);
    }

    /// <summary>Rows 9 and 10: to the workload itself.</summary>
    internal Destination ToWorkload(UpstreamChoice upstream)
    {
        (Workload workload, ushort port, Service? service) = upstream;
        return WithAddress(workload, service, Target.Address, service, ip =>
        {
            if (workload.Protocol != TunnelProtocol.Hbone)
            {
                return new Direct(new IpPort(ip, port)) { Upstream = workload, Intended = service };
            }

            IpPort dial = new(ip, DestinationResolver.HbonePort);
            return new Tunnel(dial, dial.WithPort(port).ToString(), Identities(service, workload), ViaWaypoint: false) { Upstream = workload, Intended = service };
        });
    }

    /// <summary>Rows 3 and 8: to the waypoint, in the same network or behind a gateway. Never past it.</summary>
    internal Destination ThroughWaypoint(GatewayAddress reference, Service? intended)
    {
        if (!TryResolve(reference, towardsWaypoint: true, out UpstreamChoice waypoint, out NeedsResource? ask))
        {
            return (Destination?)ask ?? new Refused(CloseReason.UnknownWaypoint, $"unknown waypoint: {reference}") { Intended = intended };
        }

        (Workload workload, ushort port, Service? service) = waypoint;
        if (workload.Network != Source.Network)
        {
            return intended is null
                ? new Refused(CloseReason.NoServiceForAddress, $"no service for target address: {Target}") { Upstream = workload }
                : ThroughGateway(workload, intended, service?.Identities ?? IdentitySet.Empty, viaWaypoint: true);
        }

        IpAddress wanted = reference.IsByHostname ? Target.Address : reference.Address.Address;
        return WithAddress(workload, service, wanted, intended, ip =>
            new Tunnel(new IpPort(ip, port), Target.ToString(), Identities(service, workload), ViaWaypoint: true) { Upstream = workload, Intended = intended });
    }

    /// <summary>Section 3.5: through the gateway of the workload's network.</summary>
    internal Destination ThroughGateway(Workload remote, Service intended, IdentitySet inner, bool viaWaypoint)
    {
        if (remote.NetworkGateway is not GatewayAddress reference)
        {
            return NoRoute(remote, intended);
        }

        if (!TryResolve(reference, towardsWaypoint: false, out UpstreamChoice gateway, out NeedsResource? ask))
        {
            return (Destination?)ask ?? new Refused(CloseReason.UnknownGateway, $"unknown network gateway: {reference}") { Upstream = remote, Intended = intended };
        }

        (Workload workload, ushort port, Service? service) = gateway;
        IpAddress wanted = reference.IsByHostname ? Target.Address : reference.Address.Address;
        return WithAddress(workload, service, wanted, intended, ip =>
            new NestedTunnel(new IpPort(ip, port), $"{intended.Hostname}:{Target.Port}", Identities(service, workload), inner, viaWaypoint) { Upstream = remote, Intended = intended });
    }

    /// <summary>Whether the source is the referenced waypoint: one of its workloads has the source's identity and owns the source's address.</summary>
    internal bool ComesFrom(GatewayAddress reference)
    {
        if (Find(reference, out Workload? single) is not Service service)
        {
            return IsSource(single);
        }

        foreach (Workload workload in _view.EndpointWorkloads(service))
        {
            if (IsSource(workload))
            {
                return true;
            }
        }

        return false;
    }

    private static IdentitySet Identities(Service? service, Workload workload) => service is null ? workload.Identity.Alone : service.Identities.With(workload.Identity);

    private static Refused NoRoute(Workload workload, Service? intended) =>
        new(CloseReason.NoRoute, $"no valid routing destination for workload: {workload.Uid}") { Upstream = workload, Intended = intended };

    private bool IsSource(Workload? workload) => workload is not null && workload.Owns(_sourceAddress) && workload.Identity.Equals(Source.Identity);

    /// <summary>Section 3.4: a waypoint or gateway; a Service is balanced, a workload taken as it is.</summary>
    private bool TryResolve(GatewayAddress reference, bool towardsWaypoint, out UpstreamChoice choice, out NeedsResource? ask)
    {
        Service? service = Find(reference, out Workload? workload);
        ask = null;
        choice = default;
        if (service is not null)
        {
            // Balancing that leaves the dialled address alone leads nowhere for a reference by address.
            return (reference.IsByHostname || service.Mode != LoadBalancingMode.Passthrough)
                && new LoadBalancer(service, Source, reference.Port, towardsWaypoint, Random, Avoided).TryPick(_view, out choice);
        }

        if (workload is not null)
        {
            choice = new UpstreamChoice(workload, reference.Port, null);
            return true;
        }

        ask = MustAsk(() => reference.Destination);
        return false;
    }

    private Service? Find(GatewayAddress reference, out Workload? workload)
    {
        Service? service = reference.IsByHostname ? _view.FindService(reference.Hostname) : _view.FindService(reference.Address, Source.Namespace);
        workload = service is not null ? null : reference.IsByHostname ? _view.FindWorkloadByHost(reference.Hostname) : _view.FindWorkload(reference.Address);
        return service;
    }

    /// <summary>Section 3.7: the workload's address that fits best, or first its name resolved.</summary>
    private Destination WithAddress(Workload workload, Service? chosenBy, IpAddress wanted, Service? intended, Func<IpAddress, Destination> go)
    {
        if (AddressRule.TryChoose(workload, chosenBy?.IpFamilies ?? IpFamilies.Automatic, wanted, out IpAddress ip))
        {
            return go(ip);
        }

        return workload.Hostname.Length > 0
            ? new NeedsName(workload.Hostname, wanted.IsIPv4, workload.Uid) { Upstream = workload, Intended = intended, Resume = go }
            : NoRoute(workload, intended);
    }
}
