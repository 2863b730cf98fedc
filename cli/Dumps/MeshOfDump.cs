using System.Text.Json;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Cli.Dumps;

/// <summary>Builds the model that the proxies decide by from a dump of one of them. Pure.</summary>
internal static class MeshOfDump
{
    /// <summary>The model; what cannot be read is left out and told in <paramref name="problems"/>.</summary>
    public static MeshView Build(ConfigDump dump, List<string> problems)
    {
        ArgumentNullException.ThrowIfNull(dump);
        ArgumentNullException.ThrowIfNull(problems);
        var batch = new MeshBatch();
        Dictionary<(string Uid, string Service), PortMap> endpoints = [];
        foreach (JsonElement service in dump.Services)
        {
            string key = service.Text("namespace") + "/" + service.Text("hostname");
            foreach (JsonProperty endpoint in service.Fields("endpoints"))
            {
                endpoints[(endpoint.Name, key)] = Ports(endpoint.Value, "port");
            }

            batch.Services.Add(ReadService(service, problems));
        }

        batch.Workloads.AddRange(dump.Workloads.Select(w => ReadWorkload(w, endpoints, problems)));
        foreach (JsonElement policy in dump.Policies)
        {
            AuthorizationPolicy read = PolicyReader.Read(policy, problems);
            batch.Policies.Add((read.FullName, read));
        }

        var state = new MeshState();
        state.Apply(batch);
        return state.Current;
    }

    private static Workload ReadWorkload(JsonElement from, Dictionary<(string Uid, string Service), PortMap> endpoints, List<string> problems)
    {
        string uid = from.Text("uid"), about = "workload " + uid;
        var spec = new WorkloadSpec
        {
            Uid = uid,
            Name = from.Text("name"),
            Namespace = from.Text("namespace"),
            Network = from.Text("network"),
            Protocol = from.Text("protocol") == "HBONE" ? TunnelProtocol.Hbone : TunnelProtocol.None,
            TrustDomain = from.Text("trustDomain"),
            ServiceAccount = from.Text("serviceAccount"),
            Waypoint = Gateway(from, "waypoint", about, problems),
            NetworkGateway = Gateway(from, "networkGateway", about, problems),
            Node = from.Text("node"),
            CanonicalName = from.Text("canonicalName"),
            CanonicalRevision = from.Text("canonicalRevision"),
            Type = WorkloadTypes.Parse(from.Text("workloadType")),
            WorkloadName = from.Text("workloadName"),
            NativeTunnel = from.Flag("nativeTunnel"),
            Status = from.Text("status") == "Healthy" ? WorkloadStatus.Healthy : WorkloadStatus.Unhealthy,
            ClusterId = from.Text("clusterId"),
            Hostname = from.Text("hostname"),
            NetworkMode = from.Text("networkMode") == "HostNetwork" ? NetworkMode.HostNetwork : NetworkMode.Standard,
            Capacity = (uint)Math.Clamp(from.Number("capacity") ?? 1, 0, uint.MaxValue),
        };
        spec.ApplyWireDefaults();
        spec.AuthorizationPolicies.AddRange(from.Texts("authorizationPolicies"));
        foreach (string text in from.Texts("workloadIps"))
        {
            if (IpAddress.TryParse(text, out IpAddress address))
            {
                spec.Addresses.Add(address);
            }
            else
            {
                problems.Add($"{about}: {text} is no address");
            }
        }

        foreach (string service in from.Texts("services"))
        {
            if (NamespacedHostname.TryParse(service, out NamespacedHostname? key))
            {
                spec.Services.Add(new ServiceMembership(key, endpoints.GetValueOrDefault((uid, service), PortMap.Empty)));
            }
        }

        if (from.Member("applicationTunnel") is { ValueKind: JsonValueKind.Object } tunnel)
        {
            spec.ApplicationTunnel = new ApplicationTunnel(tunnel.Text("protocol") == "PROXY" ? ApplicationTunnelProtocol.Proxy : ApplicationTunnelProtocol.None, (ushort)Math.Clamp(tunnel.Number("port") ?? 0, 0, ushort.MaxValue));
        }

        if (from.Member("locality") is { ValueKind: JsonValueKind.Object } locality)
        {
            spec.Locality = new Locality(locality.Text("region"), locality.Text("zone"), locality.Text("subzone"));
        }

        return new Workload(spec);
    }

    private static Service ReadService(JsonElement from, List<string> problems)
    {
        string about = $"service {from.Text("namespace")}/{from.Text("hostname")}";
        var spec = new ServiceSpec
        {
            Name = from.Text("name"),
            Namespace = from.Text("namespace"),
            Hostname = from.Text("hostname"),
            Ports = Ports(from, "ports"),
            Waypoint = Gateway(from, "waypoint", about, problems),
            LoadBalancing = Balancing(from),
            IpFamilies = from.Text("ipFamilies") switch { "IPv4" => IpFamilies.IPv4Only, "IPv6" => IpFamilies.IPv6Only, "Dual" => IpFamilies.Dual, _ => IpFamilies.Automatic },
            IsCanonical = from.Flag("canonical"),
            Visibility = from.Text("visibility") == "Namespace" ? ServiceVisibility.Namespace : ServiceVisibility.Public,
        };
        spec.SubjectAltNames.AddRange(from.Texts("subjectAltNames"));
        foreach (string text in from.Texts("vips"))
        {
            if (NetworkAddress.TryParse(text, out NetworkAddress vip))
            {
                spec.Vips.Add(vip);
            }
            else
            {
                problems.Add($"{about}: {text} is no address");
            }
        }

        foreach (JsonElement range in from.List("cidrVips"))
        {
            // Upstream writes objects, and its tools take texts as well.
            string text = range.ValueKind == JsonValueKind.String ? range.GetString()! : range.Text("network") + "/" + range.Text("cidr");
            int slash = text.IndexOf('/', StringComparison.Ordinal);
            if (slash >= 0 && IpPrefix.TryParse(text.AsSpan(slash + 1), out IpPrefix prefix))
            {
                spec.CidrVips.Add(new NetworkPrefix(text[..slash], prefix));
            }
        }

        foreach (JsonElement weighted in from.List("weightedWaypoints"))
        {
            if (Gateway(weighted, "waypoint", about, problems) is { } waypoint)
            {
                spec.WeightedWaypoints.Add(new WeightedWaypoint(waypoint, (uint)Math.Clamp(weighted.Number("weight") ?? 0, 0, uint.MaxValue)));
            }
        }

        return new Service(spec);
    }

    private static LoadBalancing? Balancing(JsonElement from)
    {
        if (from.Member("loadBalancer") is not { ValueKind: JsonValueKind.Object } balancer)
        {
            return null;
        }

        LoadBalancingMode mode = balancer.Text("mode") switch
        {
            "Strict" => LoadBalancingMode.Strict,
            "Failover" => LoadBalancingMode.Failover,
            "Passthrough" => LoadBalancingMode.Passthrough,
            _ => LoadBalancingMode.Standard,
        };
        RoutingScope[] preferences = [.. balancer.Texts("routingPreferences").Select(static p => p switch
        {
            "Region" => RoutingScope.Region,
            "Zone" => RoutingScope.Zone,
            "Subzone" => RoutingScope.Subzone,
            "Node" => RoutingScope.Node,
            "Cluster" => RoutingScope.Cluster,
            _ => RoutingScope.Network,
        })];
        return new LoadBalancing(preferences, mode, balancer.Text("healthPolicy") == "AllowAll" ? HealthPolicy.AllowAll : HealthPolicy.OnlyHealthy);
    }

    private static PortMap Ports(JsonElement from, string name)
    {
        List<(int, int)> ports = [];
        foreach (JsonProperty port in from.Fields(name))
        {
            if (ushort.TryParse(port.Name, out ushort service) && port.Value.ValueKind == JsonValueKind.Number && port.Value.TryGetUInt16(out ushort target))
            {
                ports.Add((service, target));
            }
        }

        return PortMap.Of([.. ports]);
    }

    private static GatewayAddress? Gateway(JsonElement from, string name, string about, List<string> problems)
    {
        if (from.Member(name) is not { ValueKind: JsonValueKind.Object } gateway)
        {
            return null;
        }

        string destination = gateway.Text("destination");
        ushort port = (ushort)Math.Clamp(gateway.Number("hboneMtlsPort") ?? 15008, 0, ushort.MaxValue);
        if (NetworkAddress.TryParse(destination, out NetworkAddress address))
        {
            return GatewayAddress.To(address, port);
        }

        if (NamespacedHostname.TryParse(destination, out NamespacedHostname? host))
        {
            return GatewayAddress.To(host, port);
        }

        problems.Add($"{about}: {name} '{destination}' is neither namespace/hostname nor network/address");
        return null;
    }
}
