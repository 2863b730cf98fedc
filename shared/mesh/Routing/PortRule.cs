using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Routing;

/// <summary>Target ports (ztunnel.md 3.7).</summary>
internal static class PortRule
{
    /// <summary>
    /// The port of an endpoint that stands for a Service's port: its own mapping, else the Service's target, else, towards a
    /// waypoint with an application tunnel, the port itself.
    /// </summary>
    internal static bool TryMap(Service service, PortMap endpointPorts, Workload workload, ushort port, bool towardsWaypoint, out ushort target)
    {
        bool declared = service.Ports.TryGet(port, out ushort serviceTarget);
        target = 0;
        if (!declared && !towardsWaypoint)
        {
            return false;
        }

        if (endpointPorts.TryGet(port, out ushort own) && own != 0)
        {
            target = own;
        }
        else if (serviceTarget != 0)
        {
            target = serviceTarget;
        }
        else if (towardsWaypoint && workload.ApplicationTunnel is { Port: not 0 })
        {
            target = port;
        }

        return target != 0;
    }
}
