using System.Globalization;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Merging;
using Ambient.Kubernetes.Manifests;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;

namespace Ambient.ControlPlane.Controllers.Gateways;

/// <summary>From a Gateway to the objects that serve it (control-plane reference 7.3 and 7.4). Pure functions; the Gateway stays as it is.</summary>
public static class GatewayRendering
{
    /// <summary>Marks what was made for a Gateway.</summary>
    public const string ManagedLabel = "gateway.istio.io/managed";

    /// <summary>The longest overlay, in bytes as JSON: more than the API server takes of an object.</summary>
    internal const int LongestOverlay = 2 * 1024 * 1024;

    internal const string NameLabel = "gateway.networking.k8s.io/gateway-name";
    internal const string ClassLabel = "gateway.networking.k8s.io/gateway-class-name";
    internal const string VersionAnnotation = "gateway.istio.io/controller-version";
    private const string DataplaneLabel = "istio.io/dataplane-mode";
    private const string NetworkLabel = "topology.istio.io/network";
    private const string NameOverride = "gateway.istio.io/name-override";
    private const string AccountOverride = "gateway.istio.io/service-account";
    private const string ServiceType = "networking.istio.io/service-type";
    private static readonly string[] NeverCopied = ["kubectl.kubernetes.io/last-applied-configuration", NameOverride, AccountOverride, VersionAnnotation];

    /// <summary>The name of a Gateway's Deployment and Service.</summary>
    public static string NameOf(Gateway gateway, ManagedClass kind)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        return gateway.Metadata.Annotations.Find(NameOverride) is { Length: > 0 } other ? other : BaseName(gateway, kind);
    }

    /// <summary>The name of its ServiceAccount.</summary>
    public static string AccountOf(Gateway gateway, ManagedClass kind)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        return gateway.Metadata.Annotations.Find(AccountOverride) is { Length: > 0 } other ? other : BaseName(gateway, kind);
    }

    /// <summary>Whether a Gateway gets workloads of its own (7.2).</summary>
    public static bool IsManaged(Gateway gateway)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        return gateway.Spec.Addresses is [] or [{ Type: null or "" or "IPAddress" }];
    }

    /// <summary>The objects; null with what is wrong.</summary>
    /// <param name="gateway">The Gateway.</param>
    /// <param name="kind">Its class.</param>
    /// <param name="template">What they begin as.</param>
    /// <param name="network">The cluster's network.</param>
    /// <param name="settings">What they are told.</param>
    /// <param name="overlays">Data of ConfigMaps, applied one after the other.</param>
    /// <param name="error">What is wrong.</param>
    public static IReadOnlyList<GatewayObject>? Render(Gateway gateway, ManagedClass kind, GatewayTemplate template, string network, GatewaySettings settings, IReadOnlyList<StringMap> overlays, out string? error)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(template);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(overlays);
        string name = NameOf(gateway, kind), account = AccountOf(gateway, kind);
        Dictionary<string, string> labels = Copied(gateway.Spec.Infrastructure?.Labels, settings.CopiesToObjects ? gateway.Metadata.Labels : StringMap.Empty);
        if (kind.IsIngress)
        {
            // Only what the user says; and the objects themselves are not of the mesh.
            network = labels.GetValueOrDefault(NetworkLabel, "");
            labels.TryAdd(DataplaneLabel, "none");
        }

        network = labels.TryAdd(NetworkLabel, network) ? network : labels[NetworkLabel];
        if (network.Length == 0)
        {
            labels.Remove(NetworkLabel);
        }

        labels[ManagedLabel] = kind.ManagedLabel;
        labels[NameLabel] = gateway.Metadata.Name;
        labels[ClassLabel] = gateway.Spec.GatewayClassName;
        Dictionary<string, string> notes = Copied(gateway.Spec.Infrastructure?.Annotations, settings.CopiesToObjects ? gateway.Metadata.Annotations : StringMap.Empty);
        if (template.Fill(Values(gateway, kind, name, account, network, settings), out error) is not { } bodies)
        {
            error = "the template: " + error;
            return null;
        }

        foreach (JsonObject body in bodies)
        {
            Own(body, gateway, (string)body["kind"]! == "ServiceAccount" ? account : name, labels, notes);
            switch ((string)body["kind"]!)
            {
                case "Deployment":
                    SetPods(body, gateway, kind, labels, notes);
                    break;
                case "Service":
                    SetService(body, gateway, kind);
                    break;
            }
        }

        return Overlaid(bodies, gateway, name, labels, notes, overlays, out error);
    }

    private static Dictionary<string, string> Values(Gateway gateway, ManagedClass kind, string name, string account, string network, GatewaySettings settings) => new(StringComparer.Ordinal)
    {
        ["gateway"] = gateway.Metadata.Name,
        ["namespace"] = gateway.Metadata.Namespace,
        ["deployment"] = name,
        ["serviceAccount"] = account,
        ["image"] = settings.Image,
        ["pullPolicy"] = settings.PullPolicy,
        ["revision"] = settings.Revision,
        ["discoveryAddress"] = settings.DiscoveryAddress,
        ["clusterId"] = settings.ClusterId,
        ["network"] = network,
        ["trustDomain"] = settings.TrustDomain,
        ["domainSuffix"] = settings.DomainSuffix,
        ["rootMap"] = settings.RootMap,
        ["revocationMap"] = settings.RevocationMap,
        ["role"] = kind.IsForOtherNetworks ? "east-west" : "",
    };

    private static Dictionary<string, string> Copied(StringMap? ofInfrastructure, StringMap own)
    {
        bool isOwn = ofInfrastructure is not { Count: > 0 };
        return (isOwn ? own : ofInfrastructure!)
            .Where(pair => !NeverCopied.Contains(pair.Key) && (isOwn || !pair.Key.StartsWith("gateway.networking.k8s.io/", StringComparison.Ordinal)))
            .ToDictionary(StringComparer.Ordinal);
    }

    private static JsonObject Map(JsonObject parent, string name)
    {
        if (parent[name] is not JsonObject map)
        {
            parent[name] = map = [];
        }

        return map;
    }

    private static void Put(JsonObject map, IEnumerable<KeyValuePair<string, string>> values, bool isStronger)
    {
        foreach ((string key, string value) in values)
        {
            if (isStronger || !map.ContainsKey(key))
            {
                map[key] = value;
            }
        }
    }

    private static void Own(JsonObject body, Gateway gateway, string name, Dictionary<string, string> labels, Dictionary<string, string> notes)
    {
        JsonObject metadata = Map(body, "metadata");
        metadata["name"] = name;
        metadata["namespace"] = gateway.Metadata.Namespace;
        Put(Map(metadata, "labels"), labels, isStronger: true);
        Put(Map(metadata, "annotations"), notes, isStronger: true);
        metadata["ownerReferences"] = new JsonArray(new JsonObject
        {
            ["apiVersion"] = "gateway.networking.k8s.io/v1beta1",
            ["kind"] = "Gateway",
            ["name"] = gateway.Metadata.Name,
            ["uid"] = gateway.Metadata.Uid,
        });
    }

    private static string BaseName(Gateway gateway, ManagedClass kind) => kind.IsIngress ? $"{gateway.Metadata.Name}-{gateway.Spec.GatewayClassName}" : gateway.Metadata.Name;

    private static void SetPods(JsonObject deployment, Gateway gateway, ManagedClass kind, Dictionary<string, string> labels, Dictionary<string, string> notes)
    {
        JsonObject spec = Map(deployment, "spec");
        spec["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { [NameLabel] = gateway.Metadata.Name } };
        JsonObject metadata = Map(Map(spec, "template"), "metadata");

        // The user's own wish for the data plane counts; what identifies the pod is ours.
        Put(Map(metadata, "labels"), labels, isStronger: true);
        Put(Map(metadata, "annotations"), notes, isStronger: true);
        if (kind.IsIngress)
        {
            // Listeners have the numbers that clients see, and pods no capabilities.
            Map(Map(Map(spec, "template"), "spec"), "securityContext")["sysctls"] = new JsonArray(new JsonObject { ["name"] = "net.ipv4.ip_unprivileged_port_start", ["value"] = "0" });
        }
    }

    private static void SetService(JsonObject service, Gateway gateway, ManagedClass kind)
    {
        JsonObject spec = Map(service, "spec");
        if (kind.IsIngress)
        {
            Map(Map(service, "metadata"), "annotations").Remove("networking.istio.io/traffic-distribution");
        }

        string type = gateway.Metadata.Annotations.Find(ServiceType) is { Length: > 0 } asked ? asked : kind.IsIngress || kind.IsForOtherNetworks ? "LoadBalancer" : "ClusterIP";
        spec["type"] = type;
        spec["selector"] = new JsonObject { [NameLabel] = gateway.Metadata.Name };
        if (type == "LoadBalancer" && gateway.Spec.Addresses is [{ Value.Length: > 0 } address])
        {
            spec["loadBalancerIP"] = address.Value;
        }

        var ports = new JsonArray(new JsonObject { ["name"] = "status-port", ["port"] = 15021, ["protocol"] = "TCP", ["appProtocol"] = "tcp" });
        HashSet<string> taken = ["status-port"];
        foreach (Listener listener in gateway.Spec.Listeners.Where(static listener => listener.Port is > 0 and <= ushort.MaxValue and not 15021).DistinctBy(static listener => listener.Port))
        {
            ports.Add((JsonNode)new JsonObject
            {
                ["name"] = PortName(listener, taken),
                ["port"] = listener.Port,
                ["protocol"] = "TCP",
                ["appProtocol"] = AppProtocol(listener.Protocol),
            });
        }

        spec["ports"] = ports;
    }

    private static string AppProtocol(string protocol) => string.Concat(protocol.Select(static letter => char.IsAsciiLetterUpper(letter) ? (char)(letter + 32) : letter));

    /// <summary>A listener's name as a port's: no dots, at most 63 letters, and like no other.</summary>
    private static string PortName(Listener listener, HashSet<string> taken)
    {
        string name = listener.Name.Replace('.', '-');
        name = name.Length > 63 ? name[..63] : name;
        if (!taken.Add(name))
        {
            string suffix = string.Create(CultureInfo.InvariantCulture, $"-{listener.Port}");
            name = name[..Math.Min(name.Length, 63 - suffix.Length)] + suffix;
            taken.Add(name);
        }

        return name;
    }

    private static List<GatewayObject>? Overlaid(IReadOnlyList<JsonObject> bodies, Gateway gateway, string name, Dictionary<string, string> labels, Dictionary<string, string> notes, IReadOnlyList<StringMap> overlays, out string? error)
    {
        var made = bodies.ToDictionary(static body => GatewayObject.Kinds[(string)body["kind"]!].Overlay, StringComparer.Ordinal);
        foreach ((string key, string yaml) in overlays.SelectMany(static overlay => overlay))
        {
            string? kind = GatewayObject.Kinds.FirstOrDefault(known => known.Value.Overlay == key).Key;
            if (kind is null)
            {
                error = $"the overlay has the key {key}; known are {string.Join(", ", GatewayObject.Kinds.Values.Select(static known => known.Overlay))}";
                return null;
            }

            if (!YamlDocument.TryRead(yaml, out IReadOnlyList<YamlDocument> documents, out YamlProblem? problem) || documents is not [{ Json.Length: <= LongestOverlay } document] || JsonNode.Parse(document.Json) is not JsonObject patch)
            {
                error = $"the overlay {key} is no single object of at most {LongestOverlay} bytes: {problem}";
                return null;
            }

            if (!made.TryGetValue(key, out JsonObject? before))
            {
                before = Extra(kind, gateway, name, labels, notes);
            }

            if (StrategicMerge.Problem(patch) is { } unfit)
            {
                error = $"the overlay {key}: {unfit}";
                return null;
            }

            JsonObject after = StrategicMerge.Merge(before, patch);
            var metadata = after["metadata"] as JsonObject;
            if (!JsonNode.DeepEquals(before["metadata"]!["name"], metadata?["name"]) || !JsonNode.DeepEquals(before["metadata"]!["namespace"], metadata?["namespace"])
                || !JsonNode.DeepEquals(before["kind"], after["kind"]))
            {
                error = $"the overlay {key} changes what the object is: metadata.name, metadata.namespace and kind are not its own to set";
                return null;
            }

            made[key] = after;
        }

        error = null;
        return [.. made.Values.Select(static body => new GatewayObject(GatewayObject.Kinds[(string)body["kind"]!].Type, new ResourceKey((string)body["metadata"]!["namespace"]!, (string)body["metadata"]!["name"]!), body))];
    }

    /// <summary>What exists only when an overlay asks for it.</summary>
    private static JsonObject Extra(string kind, Gateway gateway, string name, Dictionary<string, string> labels, Dictionary<string, string> notes)
    {
        var body = kind == "HorizontalPodAutoscaler"
            ? new JsonObject
            {
                ["apiVersion"] = "autoscaling/v2",
                ["kind"] = kind,
                ["spec"] = new JsonObject { ["maxReplicas"] = 1, ["scaleTargetRef"] = new JsonObject { ["apiVersion"] = "apps/v1", ["kind"] = "Deployment", ["name"] = name } },
            }
            : new JsonObject
            {
                ["apiVersion"] = "policy/v1",
                ["kind"] = kind,
                ["spec"] = new JsonObject { ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { [NameLabel] = gateway.Metadata.Name } } },
            };
        Own(body, gateway, name, labels, notes);
        return body;
    }
}
