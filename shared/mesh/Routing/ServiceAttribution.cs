using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Routing;

/// <summary>Which Service an inbound connection counts for (ztunnel.md 3.8). Pure; for metrics only, a peer may say what it likes.</summary>
public static class ServiceAttribution
{
    /// <summary>The workload's Service with the forwarded hostname; else its first Service that leads to the port; else null.</summary>
    public static Service? Find(MeshView view, Workload local, string? forwardedHost, ushort finalPort)
    {
        Service? byPort = null;
        foreach (ServiceMembership membership in local.Services)
        {
            if (view.FindService(membership.Service) is not Service service)
            {
                continue;
            }

            if (forwardedHost is not null && service.Hostname == forwardedHost)
            {
                return service;
            }

            byPort ??= LeadsTo(service, membership.Ports, finalPort) ? service : null;
            if (byPort is not null && forwardedHost is null)
            {
                return byPort;
            }
        }

        return byPort;
    }

    private static bool LeadsTo(Service service, PortMap own, ushort finalPort)
    {
        foreach ((ushort servicePort, ushort serviceTarget) in service.Ports)
        {
            if (serviceTarget == finalPort || (own.TryGet(servicePort, out ushort target) && target == finalPort))
            {
                return finalPort != 0;
            }
        }

        return false;
    }
}
