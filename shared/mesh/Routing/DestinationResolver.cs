using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Routing;

/// <summary>Decides where an outbound connection goes (ztunnel.md 3.3 to 3.7). Pure.</summary>
public static class DestinationResolver
{
    /// <summary>The port on which workloads take HBONE.</summary>
    public const ushort HbonePort = 15008;

    /// <summary>The decision for one connection; the numbers are the rows of ztunnel.md 3.3, the first that fits counts.</summary>
    public static Destination Resolve(MeshView view, in OutboundQuery query)
    {
        IpPort target = query.Target;

        // 1: the application dials the proxy itself.
        if (target.Address.IsLoopback && (query.IllegalPorts ?? IllegalPorts.Default).Contains(target.Port))
        {
            return new Refused(CloseReason.SelfCall, "attempted recursive call to ourselves");
        }

        // 2: nobody can speak for an unknown workload.
        if (query.Source is not Workload source)
        {
            return new Refused(CloseReason.UnknownSource, $"failed to fetch information about local workload: {query.Local}");
        }

        Random random = query.Random ?? Random.Shared;
        OutboundSteps steps = new(view, query, source, random);
        NetworkAddress address = new(query.OwnNetwork, target.Address);
        Workload? addressed = view.FindWorkload(address);
        Service? named = addressed is null ? view.FindService(address, source.Namespace) : null;
        if (addressed is null && named is null && steps.MustAsk(address.ToString) is NeedsResource ask)
        {
            return ask;
        }

        // 3: a Service with a waypoint, before any endpoint is looked at.
        if (named is not null && WaypointChoice.Of(named, random) is GatewayAddress waypoint)
        {
            return steps.ThroughWaypoint(waypoint, named);
        }

        // 4 to 6: where the address leads.
        if (!TryFindUpstream(view, steps, named, out UpstreamChoice upstream, out Destination? end))
        {
            return end!;
        }

        // 7: another network.
        if (upstream.Workload.Network != source.Network)
        {
            return upstream.Service is null
                ? new Refused(CloseReason.NoServiceForAddress, $"no service for target address: {target}") { Upstream = upstream.Workload }
                : steps.ThroughGateway(upstream.Workload, upstream.Service, upstream.Service.Identities, viaWaypoint: false);
        }

        // 8: a workload's own waypoint, unless the waypoint itself is calling.
        if (upstream.Service is null && upstream.Workload.Waypoint is GatewayAddress own && !steps.ComesFrom(own))
        {
            return steps.ThroughWaypoint(own, intended: null);
        }

        // 9 and 10.
        return steps.ToWorkload(upstream);
    }

    private static bool TryFindUpstream(MeshView view, OutboundSteps steps, Service? named, out UpstreamChoice upstream, out Destination? end)
    {
        IpPort target = steps.Target;
        NetworkAddress address = new(steps.Source.Network, target.Address);
        end = null;
        if (view.FindService(address, steps.Source.Namespace) is Service service)
        {
            if (service.Mode == LoadBalancingMode.Passthrough)
            {
                upstream = default;
                end = new Direct(target);
                return false;
            }

            if (new LoadBalancer(service, steps.Source, target.Port, towardsWaypoint: false, steps.Random, steps.Avoided).TryPick(view, out upstream))
            {
                return true;
            }

            end = new Refused(CloseReason.NoHealthyUpstream, $"no healthy upstream: {target}") { Intended = service };
            return false;
        }

        if (view.FindWorkload(address) is Workload workload)
        {
            upstream = new UpstreamChoice(workload, target.Port, null);
            return true;
        }

        upstream = default;
        end = named is null ? new Direct(target) : new Refused(CloseReason.NoHealthyUpstream, $"no healthy upstream: {target}") { Intended = named };
        return false;
    }
}
