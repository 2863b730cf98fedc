using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;
using Wire = Ambient.Protocol.Istio.Workload;

namespace Ambient.Xds.Mapping;

/// <summary>Workloads from the wire (ztunnel reference sections 4.6 and 4.8). Stateless.</summary>
internal static class WorkloadMapping
{
    internal static Workload Map(Wire.Workload wire)
    {
        var spec = new WorkloadSpec
        {
            Uid = wire.Uid,
            Name = wire.Name,
            Namespace = wire.Namespace,
            Network = wire.Network,
            Protocol = Protocol(wire.TunnelProtocol),
            TrustDomain = wire.TrustDomain,
            ServiceAccount = wire.ServiceAccount,
            Waypoint = Fields.Gateway(wire.Waypoint, "waypoint"),
            Node = wire.Node,
            CanonicalName = wire.CanonicalName,
            CanonicalRevision = wire.CanonicalRevision,
            Type = Enum.IsDefined(wire.WorkloadType) ? (WorkloadType)wire.WorkloadType : WorkloadType.Deployment,
            WorkloadName = wire.WorkloadName,
            NativeTunnel = wire.NativeTunnel,
            Status = wire.Status is Wire.WorkloadStatus.Healthy or Wire.WorkloadStatus.Unhealthy ? (WorkloadStatus)wire.Status : throw Fields.Unknown("status", wire.Status),
            ClusterId = wire.ClusterId,
            NetworkGateway = Fields.Gateway(wire.NetworkGateway, "network_gateway"),
            Hostname = wire.Hostname,
            ApplicationTunnel = Tunnel(wire.ApplicationTunnel),
            Locality = wire.Locality is { } place ? new Locality(place.Region, place.Zone, place.Subzone) : Locality.Empty,
            NetworkMode = wire.NetworkMode is Wire.NetworkMode.Standard or Wire.NetworkMode.HostNetwork ? (NetworkMode)wire.NetworkMode : throw Fields.Unknown("network_mode", wire.NetworkMode),
            Capacity = wire.Capacity ?? 1,
        };
        for (int i = 0; i < wire.Addresses.Count; i++)
        {
            spec.Addresses.Add(Fields.Address(wire.Addresses[i], "addresses"));
        }

        spec.AuthorizationPolicies.AddRange(wire.AuthorizationPolicies);
        foreach ((string service, Wire.PortList ports) in wire.Services)
        {
            spec.Services.Add(new ServiceMembership(Fields.Hostname(service, "services"), Fields.Ports(ports.Ports)));
        }

        spec.ApplyWireDefaults();
        return new Workload(spec);
    }

    private static TunnelProtocol Protocol(Wire.TunnelProtocol wire) => wire switch
    {
        Wire.TunnelProtocol.None => TunnelProtocol.None,
        Wire.TunnelProtocol.Hbone => TunnelProtocol.Hbone,
        _ => throw Fields.Unknown("tunnel_protocol", wire),
    };

    private static ApplicationTunnel? Tunnel(Wire.ApplicationTunnel? wire) => wire switch
    {
        null => null,
        { Protocol: Wire.ApplicationTunnel.Types.Protocol.None or Wire.ApplicationTunnel.Types.Protocol.Proxy } =>
            new ApplicationTunnel((ApplicationTunnelProtocol)wire.Protocol, Fields.Port(wire.Port)),
        _ => throw Fields.Unknown("application_tunnel.protocol", wire.Protocol),
    };
}
