using Ambient.ControlPlane.Discovery.Waypoints;
using Ambient.Protocol.Istio.Workload;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>All endpoints of a service on another network as one workload behind that network's gateway (control-plane reference 9.7). Pure functions.</summary>
internal static class SplitHorizon
{
    /// <summary>The workload; several gateways share the weight.</summary>
    /// <param name="name">The service's name, <c>namespace/hostname</c>.</param>
    /// <param name="service">The service.</param>
    /// <param name="tally">Its endpoints there.</param>
    /// <param name="way">The gateway, and the cluster it is in.</param>
    /// <param name="ways">How many gateways there are.</param>
    /// <param name="trustDomain">The mesh's, as messages say it.</param>
    internal static Workload Of(string name, Service service, NetworkTally tally, (string Cluster, NetworkGateway Gateway) way, int ways, string trustDomain)
    {
        NetworkGateway gateway = way.Gateway;
        string uid = $"{gateway.Network}/SplitHorizonWorkload/{gateway.Key.Namespace}/{gateway.Key.Name}/{gateway.Host}/{name}";

        // Nobody ready is what the endpoints say themselves: whoever balances treats the network as it would treat them.
        bool isHealthy = tally.HealthyWeight > 0;
        long weight = ((isHealthy ? tally.HealthyWeight : tally.Weight) + ways - 1) / ways;
        var workload = new Workload
        {
            Uid = uid,
            Name = uid,
            Namespace = service.Namespace,
            Network = gateway.Network,
            ClusterId = way.Cluster,
            TrustDomain = trustDomain,
            TunnelProtocol = TunnelProtocol.Hbone,
            WorkloadType = WorkloadType.Pod,
            NetworkGateway = gateway.Address,
            Status = isHealthy ? WorkloadStatus.Healthy : WorkloadStatus.Unhealthy,
            Capacity = (uint)Math.Min(weight, uint.MaxValue),
        };
        var ports = new PortList();
        ports.Ports.AddRange(service.Ports.Select(static port => new Port { ServicePort = port.ServicePort, TargetPort = port.TargetPort > 0 ? port.TargetPort : port.ServicePort }));
        workload.Services[name] = ports;
        return workload;
    }

    internal static ResourceContent Content(Workload workload) => new() { Message = new Address { Workload = workload }, Groups = [.. workload.Services.Keys] };
}
