using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Routing;

/// <summary>Who leads to another network, for those who balance themselves (ztunnel.md 3.4, 3.5). Pure.</summary>
public static class NetworkGateways
{
    /// <summary>The instances that a reference leads to, each with the place where it takes tunnels and those that it may be; none when nobody is known.</summary>
    public static IEnumerable<GatewayInstance> Of(MeshView view, GatewayAddress reference)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(reference);
        return Find(view, reference);
    }

    private static IEnumerable<GatewayInstance> Find(MeshView view, GatewayAddress reference)
    {
        Service? service = reference.IsByHostname ? view.FindService(reference.Hostname) : view.FindService(reference.Address, clientNamespace: null);
        if (service is null)
        {
            Workload? single = reference.IsByHostname ? view.FindWorkloadByHost(reference.Hostname) : view.FindWorkload(reference.Address);
            if (single is not null && AddressOf(single, null, reference) is { } only)
            {
                yield return new GatewayInstance(new IpPort(only, reference.Port), single, single.Identity.Alone);
            }

            yield break;
        }

        foreach (Workload workload in view.EndpointWorkloads(service))
        {
            if (AddressOf(workload, service, reference) is { } address && PortRule.TryMap(service, service.PortsOf(workload), workload, reference.Port, towardsWaypoint: false, out ushort port))
            {
                yield return new GatewayInstance(new IpPort(address, port), workload, service.Identities.With(workload.Identity));
            }
        }
    }

    private static IpAddress? AddressOf(Workload workload, Service? service, GatewayAddress reference)
    {
        IpAddress wanted = reference.IsByHostname ? (workload.AddressCount > 0 ? workload.AddressAt(0) : default) : reference.Address.Address;
        return workload.AddressCount > 0 && AddressRule.TryChoose(workload, service?.IpFamilies ?? IpFamilies.Automatic, wanted, out IpAddress address) ? address : null;
    }
}
