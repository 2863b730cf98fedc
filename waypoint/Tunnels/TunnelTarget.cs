using System.Diagnostics.CodeAnalysis;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Routing;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Configuration;

namespace Ambient.Waypoint.Tunnels;

/// <summary>
/// What the authority of a CONNECT means here (waypoint reference 1.2): a service that is served, a workload that names this waypoint, or nothing. The Host of
/// requests plays no part. Immutable.
/// </summary>
/// <param name="Served">Whose routes and policies hold.</param>
/// <param name="Address">What was dialled; of a host name the service's first address.</param>
/// <param name="Dialled">The workload that was dialled by its own address; null for a service.</param>
internal sealed record TunnelTarget(ServedPort Served, IpPort Address, DialledWorkload? Dialled)
{
    /// <summary>Finds it; false when nothing of that name or address is served here, and nobody may be reached by it.</summary>
    /// <param name="authority">As received.</param>
    /// <param name="network">The own network.</param>
    /// <param name="clientNamespace">Who calls; null when that is not known.</param>
    /// <param name="configuration">What is served.</param>
    /// <param name="view">Whose addresses are whose.</param>
    /// <param name="target">What it means.</param>
    public static bool TryFind(string authority, string network, string? clientNamespace, WaypointConfiguration configuration, MeshView view, [NotNullWhen(true)] out TunnelTarget? target)
    {
        target = !ConnectTarget.TryParse(authority, out ConnectTarget? parsed) ? null
            : parsed.Address is { } address ? OfAddress(new IpPort(address, parsed.Port), network, configuration, view)
            : configuration.Settings.ServesHostNames ? OfHost(parsed, network, clientNamespace, configuration, view)
            : null;
        return target is not null;
    }

    /// <summary>
    /// Whether what is not found may be served a moment later: not when the authority names nothing, nor when its service is served already and nobody knows of such a port.
    /// </summary>
    public static bool MayCome(string authority, string network, WaypointConfiguration configuration, MeshView view) =>
        ConnectTarget.TryParse(authority, out ConnectTarget? parsed) && (parsed.Address is not { } address ? configuration.Settings.ServesHostNames
            : view.FindService(new NetworkAddress(network, address), null) is not { } service || !configuration.Services.ContainsKey(service.Key) || service.Ports.TryGet(parsed.Port, out _));

    private static TunnelTarget? OfAddress(IpPort address, string network, WaypointConfiguration configuration, MeshView view)
    {
        NetworkAddress place = new(network, address.Address);
        Workload? workload = view.FindWorkload(place);

        // A range may cover the mesh's own pods; as for ztunnels, whoever is at the address is meant then.
        if (view.FindService(place, null) is { } service && (workload is null || service.Vips.Contains(place)) && configuration.Services.TryGetValue(service.Key, out ServedService? served))
        {
            return served.Find(address.Port) is { } port ? new TunnelTarget(port, address, null) : null;
        }

        return workload is not null && configuration.IsNamed(workload.Waypoint, network)
            ? new TunnelTarget(configuration.Workloads, address, new DialledWorkload(workload.Uid, address))
            : null;
    }

    // The name as a whole, and only of services that have an address: a client could have meant nothing else.
    private static TunnelTarget? OfHost(ConnectTarget parsed, string network, string? clientNamespace, WaypointConfiguration configuration, MeshView view) =>
        view.ChooseServiceByHost(parsed.Hostname, clientNamespace) is { } service && First(service, network) is { } address && configuration.Find(service.Key, parsed.Port) is { } port
            ? new TunnelTarget(port, new IpPort(address, parsed.Port), null)
            : null;

    private static IpAddress? First(Service service, string network) =>
        service.Vips.Count == 0 ? null : (service.Vips.FirstOrDefault(vip => vip.Network == network) is { Network: not null } own ? own : service.Vips[0]).Address;
}
