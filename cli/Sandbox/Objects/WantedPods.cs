using System.Globalization;
using Ambient.Cli.Sandbox.Applications;
using Ambient.Cli.Sandbox.Model;
using YamlDotNet.RepresentationModel;

namespace Ambient.Cli.Sandbox.Objects;

/// <summary>The pods that the folder's Deployments and waypoints ask for: what controllers of Kubernetes would make. Immutable.</summary>
internal sealed class WantedPods(SandboxPrograms programs, Nodes.ControlPlane plane)
{
    /// <summary>The class of Gateways that are waypoints.</summary>
    public const string WaypointClass = "istio-waypoint";

    private const string GatewayLabel = "gateway.networking.k8s.io/gateway-name";
    private const string ModeLabel = "istio.io/dataplane-mode";

    /// <summary>All of them, each with the text that it was made from: another text is another pod.</summary>
    public IReadOnlyList<(PodPlan Plan, string Origin)> Of(ClusterObjects objects)
    {
        Dictionary<string, Dictionary<string, string>> spaces = [];
        foreach (ManifestDocument space in objects.List("Namespace"))
        {
            spaces[space.Name] = space.Map("metadata", "labels");
        }

        return
        [
            .. objects.List("Deployment").SelectMany(d => OfDeployment(d, spaces.GetValueOrDefault(d.Namespace) ?? [])),
            .. objects.List("Gateway").Where(static g => g.Text("spec", "gatewayClassName") == WaypointClass).Select(g => (OfGateway(g), g.Text("spec", "gatewayClassName"))),
        ];
    }

    /// <summary>What a controller writes for a waypoint: its Service, and its Gateway with addresses and conditions.</summary>
    public static string ServiceOf(ManifestDocument gateway) => $$"""
        apiVersion: v1
        kind: Service
        metadata: {name: {{gateway.Name}}, namespace: {{gateway.Namespace}}, labels: {{{GatewayLabel}}: {{gateway.Name}}, gateway.istio.io/managed: istio.io-mesh-controller} }
        spec:
          selector: {{{GatewayLabel}}: {{gateway.Name}} }
          ports: [{name: status-port, port: 15021, targetPort: 15021}, {name: mesh, port: 15008, targetPort: 15008, appProtocol: all}]

        """;

    /// <summary>A Gateway's status, once its waypoint has a Service.</summary>
    public static YamlMappingNode StatusOf(ManifestDocument gateway)
    {
        static YamlMappingNode Map(params (string Key, string Value)[] pairs) => new(pairs.Select(static p => new KeyValuePair<YamlNode, YamlNode>(new YamlScalarNode(p.Key), new YamlScalarNode(p.Value) { Style = YamlDotNet.Core.ScalarStyle.DoubleQuoted })));
        return new YamlMappingNode(
            new YamlScalarNode("addresses"), new YamlSequenceNode(Map(("type", "Hostname"), ("value", $"{gateway.Name}.{gateway.Namespace}.svc.cluster.local"))),
            new YamlScalarNode("conditions"), new YamlSequenceNode(Map(("type", "Accepted"), ("status", "True"), ("reason", "Accepted")), Map(("type", "Programmed"), ("status", "True"), ("reason", "Programmed"))));
    }

    private static string NodeOf(string pod) => SandboxLayout.Nodes[pod.Sum(static c => c) % SandboxLayout.Nodes.Length];

    private PodPlan OfGateway(ManifestDocument gateway) => new(gateway.Name, gateway.Namespace, gateway.Name, NodeOf(gateway.Name))
    {
        IsMeshed = false,
        Labels = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [GatewayLabel] = gateway.Name,
            [ModeLabel] = "none",
            ["service.istio.io/canonical-name"] = gateway.Name,
            ["gateway.istio.io/managed"] = "istio.io-mesh-controller",
        },
        Application = new WaypointServer(programs.Waypoint, plane, gateway.Namespace, gateway.Name),
    };

    private IEnumerable<(PodPlan Plan, string Origin)> OfDeployment(ManifestDocument deployment, Dictionary<string, string> space)
    {
        Dictionary<string, string> labels = deployment.Map("spec", "template", "metadata", "labels");
        if (deployment.Find("spec", "template", "spec", "containers") is not YamlSequenceNode { Children: [YamlMappingNode container, ..] } || Application(container) is not { } application)
        {
            yield break;
        }

        string account = deployment.Text("spec", "template", "spec", "serviceAccountName");
        bool isMeshed = (labels.GetValueOrDefault(ModeLabel) ?? space.GetValueOrDefault(ModeLabel)) == "ambient";
        int count = int.TryParse(deployment.Text("spec", "replicas"), NumberStyles.None, CultureInfo.InvariantCulture, out int replicas) ? replicas : 1;
        for (int i = 0; i < count; i++)
        {
            string name = count == 1 ? deployment.Name : string.Create(CultureInfo.InvariantCulture, $"{deployment.Name}-{i + 1}");
            yield return (new PodPlan(name, deployment.Namespace, account.Length > 0 ? account : "default", NodeOf(name)) { IsMeshed = isMeshed, Labels = labels, Application = application }, deployment.Find("spec", "template")!.ToString());
        }
    }

    /// <summary>The program of an image that the sandbox knows; null for others.</summary>
    private SandboxApplication? Application(YamlMappingNode container)
    {
        string image = Scalar(container, "image");
        string name = image[(image.LastIndexOf('/') + 1)..].Split(':')[0];
        string[] arguments = container.Children.TryGetValue(new YamlScalarNode("args"), out YamlNode? args) && args is YamlSequenceNode list ? [.. list.Children.Select(static a => a.ToString())] : [];
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        if (container.Children.TryGetValue(new YamlScalarNode("env"), out YamlNode? env) && env is YamlSequenceNode variables)
        {
            foreach (YamlMappingNode variable in variables.Children.OfType<YamlMappingNode>())
            {
                environment[Scalar(variable, "name")] = Scalar(variable, "value");
            }
        }

        return name switch
        {
            "bookshop" => new ShopServer(programs.Bookshop, arguments, environment),
            "bookshop-database" => new PostgresServer(environment.GetValueOrDefault("CLUSTER_NAME") ?? "primary"),
            _ => null,
        };
    }

    private static string Scalar(YamlMappingNode map, string key) => map.Children.TryGetValue(new YamlScalarNode(key), out YamlNode? value) && value is YamlScalarNode { Value: { } text } ? text : "";
}
