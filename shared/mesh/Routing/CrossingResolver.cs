using System.Diagnostics.CodeAnalysis;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Routing;

/// <summary>
/// Decides where a gateway for callers of other networks hands on a tunnel (control-plane reference 9.11, 9.12): to the service's waypoint, or to an endpoint when the
/// caller is a waypoint already or there is none. Only to workloads of the own network that take HBONE: whoever answers must prove who it is inside. Pure.
/// </summary>
public static class CrossingResolver
{
    /// <summary>The word of a caller that has applied routes and policies already.</summary>
    public const string FromWaypoint = "waypoint";

    /// <summary>Finds it; false with why not.</summary>
    /// <param name="view">The mesh.</param>
    /// <param name="query">What is asked.</param>
    /// <param name="random">Who is chosen of several.</param>
    /// <param name="crossing">Where it goes.</param>
    /// <param name="error">Why it goes nowhere.</param>
    public static bool TryResolve(MeshView view, in CrossingQuery query, Random random, [NotNullWhen(true)] out Crossing? crossing, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(random);
        crossing = null;
        if (!ConnectTarget.TryParse(query.Authority, out ConnectTarget? asked) || asked.Address is not null)
        {
            error = "the authority is not the host name of a service and its port";
            return false;
        }

        if (view.ChooseServiceByHost(asked.Hostname, clientNamespace: null) is not { } service || !query.IsServed(service.Key, asked.Port))
        {
            error = "no service of that name is reachable from other networks at this port";
            return false;
        }

        if (query.Source != FromWaypoint && WaypointChoice.Of(service, random) is { } waypoint)
        {
            crossing = ToWaypoint(view, query, service, waypoint, random);
            error = crossing is null ? $"no instance of the waypoint {waypoint} is on this network" : null;
        }
        else
        {
            crossing = ToMember(view, query, service, service, asked.Port, towardsWaypoint: false, random);
            error = crossing is null ? "no endpoint of the service on this network takes HBONE" : null;
        }

        return crossing is not null;
    }

    private static Crossing? ToWaypoint(MeshView view, in CrossingQuery query, Service intended, GatewayAddress waypoint, Random random)
    {
        Service? service = waypoint.IsByHostname ? view.FindService(waypoint.Hostname) : view.FindService(waypoint.Address, clientNamespace: null);
        if (service is not null)
        {
            return ToMember(view, query, service, intended, waypoint.Port, towardsWaypoint: true, random);
        }

        return !waypoint.IsByHostname && view.FindWorkload(waypoint.Address) is { } single && IsNear(single, query)
            ? new Crossing(new IpPort(single.AddressAt(0), waypoint.Port), single, intended)
            : null;
    }

    /// <summary>One of those that qualify, by their weights, in one walk.</summary>
    private static Crossing? ToMember(MeshView view, in CrossingQuery query, Service service, Service intended, ushort port, bool towardsWaypoint, Random random)
    {
        Workload? chosen = null;
        ushort target = 0;
        long sum = 0;
        foreach (Workload workload in view.EndpointWorkloads(service))
        {
            if (!IsNear(workload, query) || (!towardsWaypoint && workload.Protocol != TunnelProtocol.Hbone)
                || !PortRule.TryMap(service, service.PortsOf(workload), workload, port, towardsWaypoint, out ushort mapped))
            {
                continue;
            }

            sum += workload.Capacity;
            if (workload.Capacity > 0 && random.NextInt64(sum) < workload.Capacity)
            {
                (chosen, target) = (workload, mapped);
            }
        }

        return chosen is null ? null : new Crossing(new IpPort(chosen.AddressAt(0), towardsWaypoint ? target : DestinationResolver.HbonePort), chosen, intended);
    }

    private static bool IsNear(Workload workload, in CrossingQuery query) =>
        workload.Network == query.Network && workload.AddressCount > 0 && query.Avoided?.Contains(workload.Uid) != true;
}
