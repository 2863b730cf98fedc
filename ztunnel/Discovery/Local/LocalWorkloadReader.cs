using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;
using YamlDotNet.RepresentationModel;

namespace Ambient.Ztunnel.Discovery.Local;

/// <summary>One item of <c>workloads</c> (ztunnel reference section 9.5). Stateless.</summary>
/// <remarks>What the wire leaves out has the wire's defaults here as well (trust domain, service account, cluster), for an identity without a trust domain is good for nothing.</remarks>
internal static class LocalWorkloadReader
{
    internal static Workload Read(YamlNode node)
    {
        var fields = new YamlFields(node, "a workload");
        var spec = new WorkloadSpec
        {
            Uid = fields.Text("uid"),
            Name = fields.Text("name"),
            Namespace = YamlReading.Text(fields.Require("namespace"), "namespace"),
            Network = fields.Text("network"),
            Protocol = fields.Read("protocol", static (value, key) => YamlReading.Choice(value, key, ("TCP", TunnelProtocol.None), ("HBONE", TunnelProtocol.Hbone)), TunnelProtocol.None),
            TrustDomain = fields.Text("trustDomain"),
            ServiceAccount = fields.Text("serviceAccount"),
            Waypoint = GatewayReading.Optional(fields, "waypoint"),
            NetworkGateway = GatewayReading.Optional(fields, "networkGateway"),
            Node = fields.Text("node"),
            CanonicalName = fields.Text("canonicalName"),
            CanonicalRevision = fields.Text("canonicalRevision"),
            Type = WorkloadTypes.Parse(fields.Text("workloadType")),
            WorkloadName = fields.Text("workloadName"),
            NativeTunnel = fields.Read("nativeTunnel", YamlReading.Truth, false),
            Status = fields.Read("status", Status, WorkloadStatus.Healthy),
            ClusterId = fields.Text("clusterId"),
            Hostname = fields.Text("hostname"),
            NetworkMode = fields.Read("networkMode", static (value, key) => YamlReading.Choice(value, key, ("Standard", NetworkMode.Standard), ("HostNetwork", NetworkMode.HostNetwork)), NetworkMode.Standard),
            Capacity = fields.Read("capacity", YamlReading.Number, 1u),
            Locality = fields.Read("locality", Locality, Mesh.Workloads.Locality.Empty),
            ApplicationTunnel = fields.Read<ApplicationTunnel?>("applicationTunnel", Tunnel, null),
        };
        foreach (YamlNode address in YamlReading.List(fields.Require("workloadIps"), "workloadIps"))
        {
            spec.Addresses.Add(IpAddress.TryParse(YamlReading.Text(address, "workloadIps"), out IpAddress ip)
                ? ip
                : throw LocalFileException.At(address, $"workloadIps: '{address}' is not an IP address"));
        }

        spec.AuthorizationPolicies.AddRange(fields.List("authorizationPolicies").Select(static item => YamlReading.Text(item, "authorizationPolicies")));
        foreach ((YamlNode service, YamlNode ports) in YamlReading.Map(fields.Require("services"), "services").Children)
        {
            spec.Services.Add(new ServiceMembership(GatewayReading.Host(service, "services"), YamlReading.Ports(ports, "services")));
        }

        fields.End();
        spec.ApplyWireDefaults();
        if (spec.Uid.Length == 0)
        {
            spec.Uid = $"{spec.ClusterId}//Pod/{spec.Namespace}/{spec.Name}";
        }

        return new Workload(spec);
    }

    internal static WorkloadStatus Status(YamlNode node, string field) =>
        YamlReading.Choice(node, field, ("Healthy", WorkloadStatus.Healthy), ("Unhealthy", WorkloadStatus.Unhealthy));

    private static Locality Locality(YamlNode node, string field)
    {
        var fields = new YamlFields(node, field);
        var locality = new Locality(fields.Text("region"), fields.Text("zone"), fields.Text("subzone"));
        fields.End();
        return locality;
    }

    private static ApplicationTunnel? Tunnel(YamlNode node, string field)
    {
        var fields = new YamlFields(node, field);
        var tunnel = new ApplicationTunnel(
            YamlReading.Choice(fields.Require("protocol"), "protocol", ("NONE", ApplicationTunnelProtocol.None), ("PROXY", ApplicationTunnelProtocol.Proxy)),
            fields.Read("port", YamlReading.Port, (ushort)0));
        fields.End();
        return tunnel;
    }
}
