using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Waypoint.Balancing;

/// <summary>The way to a service through its waypoint: HBONE to one of the waypoint's instances, with the service as target (waypoint reference 7.2). Pure.</summary>
internal static class WaypointHop
{
    /// <summary>Whether a service has a waypoint at all.</summary>
    public static bool IsNamed(Service service) => service.Waypoint is not null || service.WeightedWaypoints.Count > 0;

    /// <summary>
    /// The instances of the service's waypoints, with their shares: those of one waypoint divide its weight among themselves. Those on other networks, where a waypoint has none on ours, are left
    /// to <paramref name="far"/>.
    /// </summary>
    public static IEnumerable<(EndpointKey Key, Workload Waypoint, double Weight)> Of(MeshView view, Service service, ushort port, FarEndpoints far)
    {
        if (Target(service, port) is not { } target)
        {
            yield break;
        }

        IEnumerable<(GatewayAddress Gateway, uint Weight)> gateways = service.WeightedWaypoints.Count > 0 ? service.WeightedWaypoints.Select(static weighted => (weighted.Destination, weighted.Weight))
            : service.Waypoint is { } only ? [(only, 1u)]
            : [];
        foreach ((GatewayAddress gateway, uint weight) in gateways.Where(static weighted => weighted.Weight > 0))
        {
            Workload[] all = [.. Instances(view, gateway, out Service? named)];
            Workload[] instances = Array.FindAll(all, instance => !far.Takes(instance) && instance.AddressCount > 0);
            foreach (Workload remote in instances.Length == 0 ? Array.FindAll(all, far.Takes) : [])
            {
                far.Add(remote, service, port, named?.Identities ?? remote.Identity.Alone, (double)weight / all.Length, isWaypoint: true);
            }

            foreach (Workload instance in instances)
            {
                yield return (new EndpointKey(target, instance.Identity) { Via = new IpPort(instance.AddressAt(0), gateway.Port) }, instance, (double)weight / instances.Length);
            }
        }
    }

    private static IpPort? Target(Service service, ushort port)
    {
        foreach (NetworkAddress address in service.Vips)
        {
            return new IpPort(address.Address, port);
        }

        return null;
    }

    private static IEnumerable<Workload> Instances(MeshView view, GatewayAddress gateway, out Service? named)
    {
        named = gateway.IsByHostname ? view.FindService(gateway.Hostname) : view.FindService(gateway.Address, null);
        if (named is not null)
        {
            return view.EndpointWorkloads(named);
        }

        return !gateway.IsByHostname && view.FindWorkload(gateway.Address) is { } workload ? [workload] : [];
    }
}
