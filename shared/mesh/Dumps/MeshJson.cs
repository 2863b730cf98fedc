using System.Text.Json;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Dumps;

/// <summary>Workloads, services and policies as <c>config_dump</c> writes them (ztunnel.md 10.7): members sorted, defaults left out. Pure.</summary>
public static class MeshJson
{
    /// <summary>One workload.</summary>
    public static void Write(Utf8JsonWriter json, Workload workload)
    {
        json.WriteStartObject();
        if (workload.ApplicationTunnel is { } tunnel)
        {
            json.WriteStartObject("applicationTunnel"u8);
            json.WriteNumber("port"u8, tunnel.Port);
            json.WriteString("protocol"u8, tunnel.Protocol == ApplicationTunnelProtocol.Proxy ? "PROXY" : "NONE");
            json.WriteEndObject();
        }

        Texts(json, "authorizationPolicies", workload.AuthorizationPolicies);
        Text(json, "canonicalName", workload.CanonicalName);
        Text(json, "canonicalRevision", workload.CanonicalRevision);
        json.WriteNumber("capacity"u8, workload.Capacity);
        json.WriteString("clusterId"u8, workload.ClusterId);
        Text(json, "hostname", workload.Hostname);
        Write(json, workload.Locality);
        json.WriteString("name"u8, workload.Name);
        json.WriteString("namespace"u8, workload.Namespace);
        if (workload.NativeTunnel)
        {
            json.WriteBoolean("nativeTunnel"u8, true);
        }

        Text(json, "network", workload.Network);
        Gateway(json, "networkGateway", workload.NetworkGateway);
        json.WriteString("networkMode"u8, workload.NetworkMode == NetworkMode.HostNetwork ? "HostNetwork" : "Standard");
        Text(json, "node", workload.Node);
        json.WriteString("protocol"u8, workload.Protocol == TunnelProtocol.Hbone ? "HBONE" : "TCP");
        Text(json, "serviceAccount", workload.ServiceAccount);
        Texts(json, "services", [.. workload.Services.ToArray().Select(s => s.Service.ToString()).Order(StringComparer.Ordinal)]);
        json.WriteString("status"u8, Word(workload.Status));
        Text(json, "trustDomain", workload.TrustDomain);
        Text(json, "uid", workload.Uid);
        Gateway(json, "waypoint", workload.Waypoint);
        json.WriteStartArray("workloadIps"u8);
        foreach (IpAddress address in workload.Addresses)
        {
            json.WriteStringValue(address.ToString());
        }

        json.WriteEndArray();
        Text(json, "workloadName", workload.WorkloadName);
        Text(json, "workloadType", workload.Type.Word());
        json.WriteEndObject();
    }

    /// <summary>One service with its endpoints.</summary>
    public static void Write(Utf8JsonWriter json, Service service)
    {
        json.WriteStartObject();
        json.WriteBoolean("canonical"u8, service.IsCanonical);
        if (service.CidrVips.Count > 0)
        {
            json.WriteStartArray("cidrVips"u8);
            foreach (NetworkPrefix range in service.CidrVips)
            {
                json.WriteStartObject();
                json.WriteString("cidr"u8, range.Prefix.ToString());
                json.WriteString("network"u8, range.Network);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteStartObject("endpoints"u8);
        Endpoints(json, service.Endpoints);
        json.WriteEndObject();
        json.WriteString("hostname"u8, service.Hostname);
        if (service.IpFamilies != IpFamilies.Automatic)
        {
            json.WriteString("ipFamilies"u8, service.IpFamilies switch { IpFamilies.IPv4Only => "IPv4", IpFamilies.IPv6Only => "IPv6", _ => "Dual" });
        }

        Write(json, service.LoadBalancing);
        json.WriteString("name"u8, service.Name);
        json.WriteString("namespace"u8, service.Namespace);
        Ports(json, "ports", service.Ports);
        json.WriteStartArray("subjectAltNames"u8);
        Values(json, service.SubjectAltNames);
        json.WriteEndArray();
        json.WriteStartArray("vips"u8);
        Values(json, service.Vips.Select(v => v.ToString()));
        json.WriteEndArray();
        json.WriteString("visibility"u8, service.Visibility == ServiceVisibility.Public ? "Public" : "Namespace");
        Gateway(json, "waypoint", service.Waypoint);
        if (service.WeightedWaypoints.Count > 0)
        {
            json.WriteStartArray("weightedWaypoints"u8);
            foreach (WeightedWaypoint waypoint in service.WeightedWaypoints)
            {
                json.WriteStartObject();
                Gateway(json, "waypoint", waypoint.Destination);
                json.WriteNumber("weight"u8, waypoint.Weight);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    /// <summary>Members of an endpoints object, sorted by uid.</summary>
    public static void Endpoints(Utf8JsonWriter json, IEnumerable<Endpoint> endpoints)
    {
        foreach (Endpoint endpoint in endpoints.OrderBy(e => e.WorkloadUid, StringComparer.Ordinal))
        {
            json.WriteStartObject(endpoint.WorkloadUid);
            Ports(json, "port", endpoint.Ports);
            json.WriteString("status"u8, Word(endpoint.Status));
            json.WriteString("workloadUid"u8, endpoint.WorkloadUid);
            json.WriteEndObject();
        }
    }

    /// <summary>One policy.</summary>
    public static void Write(Utf8JsonWriter json, AuthorizationPolicy policy)
    {
        json.WriteStartObject();
        json.WriteString("action"u8, policy.Action == PolicyAction.Allow ? "Allow" : "Deny");
        json.WriteBoolean("dryRun"u8, policy.IsDryRun);
        json.WriteString("name"u8, policy.Name);
        json.WriteString("namespace"u8, policy.Namespace);
        json.WriteStartArray("rules"u8);
        foreach (PolicyRule rule in policy.Rules)
        {
            json.WriteStartArray();
            foreach (PolicyClause clause in rule.Clauses)
            {
                json.WriteStartArray();
                foreach (PolicyMatch match in clause.Matches)
                {
                    PolicyMatchJson.Write(json, match);
                }

                json.WriteEndArray();
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteString("scope"u8, policy.Scope switch { PolicyScope.Global => "Global", PolicyScope.Namespace => "Namespace", _ => "WorkloadSelector" });
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Locality locality)
    {
        if (locality == Locality.Empty)
        {
            return;
        }

        json.WriteStartObject("locality"u8);
        json.WriteString("region"u8, locality.Region);
        json.WriteString("subzone"u8, locality.Subzone);
        json.WriteString("zone"u8, locality.Zone);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, LoadBalancing? balancing)
    {
        if (balancing is null)
        {
            return;
        }

        json.WriteStartObject("loadBalancer"u8);
        json.WriteString("healthPolicy"u8, balancing.HealthPolicy == HealthPolicy.AllowAll ? "AllowAll" : "OnlyHealthy");
        json.WriteString("mode"u8, balancing.Mode switch
        {
            LoadBalancingMode.Strict => "Strict",
            LoadBalancingMode.Failover => "Failover",
            LoadBalancingMode.Passthrough => "Passthrough",
            _ => "Standard",
        });
        json.WriteStartArray("routingPreferences"u8);
        foreach (RoutingScope scope in balancing.Preferences)
        {
            json.WriteStringValue(scope switch
            {
                RoutingScope.Region => "Region",
                RoutingScope.Zone => "Zone",
                RoutingScope.Subzone => "Subzone",
                RoutingScope.Node => "Node",
                RoutingScope.Cluster => "Cluster",
                _ => "Network",
            });
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Gateway(Utf8JsonWriter json, string name, GatewayAddress? gateway)
    {
        if (gateway is null)
        {
            return;
        }

        json.WriteStartObject(name);
        json.WriteString("destination"u8, gateway.Destination);
        json.WriteNumber("hboneMtlsPort"u8, gateway.Port);
        json.WriteEndObject();
    }

    private static void Ports(Utf8JsonWriter json, string name, PortMap ports)
    {
        json.WriteStartObject(name);
        foreach ((ushort service, ushort target) in ports)
        {
            json.WriteNumber(service.ToString(System.Globalization.CultureInfo.InvariantCulture), target);
        }

        json.WriteEndObject();
    }

    private static void Texts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        if (texts.Count > 0)
        {
            json.WriteStartArray(name);
            Values(json, texts);
            json.WriteEndArray();
        }
    }

    private static void Values(Utf8JsonWriter json, IEnumerable<string> texts)
    {
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }
    }

    private static void Text(Utf8JsonWriter json, string name, string text)
    {
        if (text.Length > 0)
        {
            json.WriteString(name, text);
        }
    }

    private static string Word(WorkloadStatus status) => status == WorkloadStatus.Healthy ? "Healthy" : "Unhealthy";
}
