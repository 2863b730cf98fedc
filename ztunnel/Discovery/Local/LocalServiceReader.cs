using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;
using YamlDotNet.RepresentationModel;

namespace Ambient.Ztunnel.Discovery.Local;

/// <summary>One item of <c>services</c> (ztunnel reference section 9.5). Stateless.</summary>
internal static class LocalServiceReader
{
    internal static Service Read(YamlNode node)
    {
        var fields = new YamlFields(node, "a service");
        var spec = new ServiceSpec
        {
            Name = YamlReading.Text(fields.Require("name"), "name"),
            Namespace = YamlReading.Text(fields.Require("namespace"), "namespace"),
            Hostname = YamlReading.Text(fields.Require("hostname"), "hostname"),
            Ports = YamlReading.Ports(fields.Require("ports"), "ports"),
            Waypoint = GatewayReading.Optional(fields, "waypoint"),
            LoadBalancing = fields.Read<LoadBalancing?>("loadBalancer", Balancing, null),
            IpFamilies = fields.Read(
                "ipFamilies",
                static (value, key) => YamlReading.Choice(value, key, ("IPv4", IpFamilies.IPv4Only), ("IPv6", IpFamilies.IPv6Only), ("Dual", IpFamilies.Dual)),
                IpFamilies.Automatic),
            IsCanonical = fields.Read("canonical", YamlReading.Truth, false),
            Visibility = fields.Read(
                "visibility", static (value, key) => YamlReading.Choice(value, key, ("Public", ServiceVisibility.Public), ("Namespace", ServiceVisibility.Namespace)), ServiceVisibility.Public),
        };
        foreach (YamlNode vip in YamlReading.List(fields.Require("vips"), "vips"))
        {
            spec.Vips.Add(NetworkAddress.TryParse(YamlReading.Text(vip, "vips"), out NetworkAddress address)
                ? address
                : throw LocalFileException.At(vip, $"vips: '{vip}' is not of the form network/address"));
        }

        spec.CidrVips.AddRange(fields.List("cidrVips").Select(Range));
        spec.SubjectAltNames.AddRange(fields.List("subjectAltNames").Select(static item => YamlReading.Text(item, "subjectAltNames")));
        spec.WeightedWaypoints.AddRange(fields.List("weightedWaypoints").Select(GatewayReading.Weighted));
        if (fields.Take("endpoints") is { } endpoints)
        {
            spec.StaticEndpoints.AddRange(YamlReading.Map(endpoints, "endpoints").Children.Select(static pair => Endpoint(pair.Key, pair.Value)));
        }

        fields.End();
        return new Service(spec);
    }

    private static NetworkPrefix Range(YamlNode node)
    {
        string network;
        string range;
        if (node is YamlScalarNode { Value: { } text } && text.IndexOf('/', StringComparison.Ordinal) is >= 0 and int slash)
        {
            (network, range) = (text[..slash], text[(slash + 1)..]);
        }
        else
        {
            var fields = new YamlFields(node, "a range");
            network = fields.Text("network");
            range = YamlReading.Text(fields.Require("cidr"), "cidr");
            fields.End();
        }

        return IpPrefix.TryParse(range, out IpPrefix prefix)
            ? new NetworkPrefix(network, prefix)
            : throw LocalFileException.At(node, $"cidrVips: '{range}' is not an address range");
    }

    private static StaticEndpoint Endpoint(YamlNode uid, YamlNode node)
    {
        var fields = new YamlFields(node, "an endpoint");
        string own = fields.Text("workloadUid");
        var endpoint = new StaticEndpoint(
            own.Length > 0 ? own : YamlReading.Text(uid, "endpoints"),
            fields.Read("port", YamlReading.Ports, PortMap.Empty),
            fields.Read("status", LocalWorkloadReader.Status, WorkloadStatus.Healthy));
        fields.End();
        return endpoint;
    }

    private static LoadBalancing? Balancing(YamlNode node, string field)
    {
        var fields = new YamlFields(node, field);
        var balancing = new LoadBalancing(
            [.. fields.List("routingPreferences").Select(Scope)],
            fields.Read("mode", Mode, LoadBalancingMode.Standard),
            fields.Read("healthPolicy", static (value, key) => YamlReading.Choice(value, key, ("OnlyHealthy", HealthPolicy.OnlyHealthy), ("AllowAll", HealthPolicy.AllowAll)), HealthPolicy.OnlyHealthy));
        fields.End();
        return balancing;
    }

    private static LoadBalancingMode Mode(YamlNode node, string field) => YamlReading.Choice(
        node,
        field,
        ("Standard", LoadBalancingMode.Standard),
        ("Strict", LoadBalancingMode.Strict),
        ("Failover", LoadBalancingMode.Failover),
        ("Passthrough", LoadBalancingMode.Passthrough));

    private static RoutingScope Scope(YamlNode node) => YamlReading.Choice(
        node,
        "routingPreferences",
        ("Region", RoutingScope.Region),
        ("Zone", RoutingScope.Zone),
        ("Subzone", RoutingScope.Subzone),
        ("Node", RoutingScope.Node),
        ("Cluster", RoutingScope.Cluster),
        ("Network", RoutingScope.Network));
}
