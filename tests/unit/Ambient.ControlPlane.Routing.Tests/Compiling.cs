using System.Globalization;
using System.Text;
using System.Text.Json;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Mesh.Identities;
using Ambient.Protocol.L7;
using Ambient.Routing.Messages;
using Ambient.Routing.Routes;
using YamlDotNet.RepresentationModel;

namespace Ambient.ControlPlane.Routing.Tests;

/// <summary>A waypoint in namespace apps with three services, configured by YAML as users write it.</summary>
internal sealed class Compiling
{
    private static readonly RoutedService[] Services =
    [
        Service("reviews", new RoutedPort(80, "http", PortProtocol.Http), new RoutedPort(9000, "tcp", PortProtocol.Tcp), new RoutedPort(443, "https", PortProtocol.Tls)),
        Service("ratings", new RoutedPort(8080, "http", PortProtocol.Http)),
        Service("v1", new RoutedPort(80, "http", PortProtocol.Http), new RoutedPort(81, "other", PortProtocol.Http)),
        Service("v2", new RoutedPort(80, "http", PortProtocol.Http)),
    ];

    private Compiling(CompiledWaypoint result) => Result = result;

    public CompiledWaypoint Result { get; }

    /// <summary>Compiles documents of the form <c>kind name: spec</c>; the first is the oldest.</summary>
    public static Compiling Of(params string[] documents) => Of([], documents);

    public static Compiling Of(AuthorizationPolicy[] policies, params string[] documents) => Of(policies, [], documents);

    public static Compiling Of(AuthorizationPolicy[] policies, string[] providers, string[] documents) => new(WaypointCompiler.Compile(Scope(policies, providers, documents)));

    /// <summary>The same with Secrets and ConfigMaps by <c>Secret apps/name</c>.</summary>
    public static Compiling With(IReadOnlyDictionary<string, Dictionary<string, byte[]>> referenced, params string[] documents) => new(WaypointCompiler.Compile(Scope([], [], documents) with
    {
        References = reference => referenced.TryGetValue(reference.ToString(), out Dictionary<string, byte[]>? data) ? new Referenced(true, data) : Referenced.Missing,
    }));

    private static WaypointScope Scope(AuthorizationPolicy[] policies, string[] providers, string[] documents) => new()
    {
        Namespace = "apps",
        Gateway = "waypoint",
        Served = Services,
        Visible = Services,
        Objects = [.. documents.Select(Object)],
        Policies = policies,
        ExtensionProviders = [.. providers.Select(provider => JsonDocument.Parse(provider).RootElement.Clone())],
        MeshConfig = documents.Select(Object).FirstOrDefault(o => o.Kind == "MeshConfig"),
        ClusterId = "c1",
        Members = (service, labels) => service.Name != "reviews" ? [] : labels.Count == 0 ? ["uid-v1", "uid-v2", "uid-v2b"] : labels.TryGetValue("version", out string? version) && version == "v1" ? ["uid-v1"] : ["uid-v2", "uid-v2b"],
        Keys = source => source.Address.Contains("good", StringComparison.Ordinal) ? "{\"keys\":[]}" : null,
    };

    public IEnumerable<string> Messages => Result.Problems.Select(problem => $"{problem.Kind} {problem.Name} {problem.Reason}: {problem.Message}");

    public PortRoutes Port(int port = 80, string service = "reviews") =>
        Result.Routes.Single(routes => routes.Hostname.StartsWith(service + ".", StringComparison.Ordinal)).Ports.Single(candidate => candidate.Port == port);

    public TrafficPolicy? Policy(int port = 0, string subset = "") =>
        Result.Destinations.SingleOrDefault(d => d.Hostname.StartsWith("reviews.", StringComparison.Ordinal))?.Policies.SingleOrDefault(p => p.Port == port && p.Subset == subset)?.Policy;

    /// <summary>Where a request goes: <c>host:port/subset</c>, <c>404</c>, <c>500</c>, or the kind of the action.</summary>
    public string Route(string request, params (string Name, string Value)[] headers) => Route(80, "apps", request, headers);

    public string Route(int port, string clientNamespace, string request, params (string Name, string Value)[] headers)
    {
        Assert.True(PortTable.TryCompile(Port(port), out PortTable? table, out string? error), error);
        RequestHead head = new() { Method = request.Split(' ')[0], Authority = "reviews" };
        head.SetTarget(request.Split(' ')[1]);
        foreach ((string name, string value) in headers)
        {
            head.Fields.Add(name, value);
        }

        Route? route = table.Find(new RequestFacts { Head = head, Client = new SpiffeId("cluster.local", clientNamespace, "x") });
        return route is null ? "404"
            : route.Action.Redirect is not null ? "redirect"
            : route.Action.DirectStatus > 0 ? string.Create(CultureInfo.InvariantCulture, $"direct {route.Action.DirectStatus}")
            : string.Join(' ', route.Action.Targets.All.Select(t => t.FailStatus > 0 ? t.FailStatus.ToString(CultureInfo.InvariantCulture) : $"{t.Service.Hostname.Split('.')[0]}:{t.Port}{(t.Subset.Length > 0 ? "/" + t.Subset : "")}"));
    }

    private static RoutedService Service(string name, params RoutedPort[] ports) => new("apps", name, $"{name}.apps.svc.cluster.local", IsEntry: false, ports);

    private static RoutingObject Object(string document, int age)
    {
        YamlStream yaml = [];
        yaml.Load(new StringReader(document));
        (YamlNode key, YamlNode spec) = ((YamlMappingNode)yaml.Documents[0].RootNode).Children.Single();
        string[] words = ((YamlScalarNode)key).Value!.Split(' ');
        string[] name = words[1].Split('/');
        StringBuilder json = new();
        Write(spec, json);
        return new RoutingObject(words[0], name.Length > 1 ? name[0] : "apps", name[^1], DateTimeOffset.UnixEpoch.AddMinutes(age), JsonDocument.Parse(json.ToString()).RootElement.Clone());
    }

    private static void Write(YamlNode node, StringBuilder json)
    {
        switch (node)
        {
            case YamlMappingNode map:
                json.Append('{').AppendJoin(',', map.Children.Select(pair => $"{JsonSerializer.Serialize(((YamlScalarNode)pair.Key).Value)}:{Text(pair.Value)}")).Append('}');
                break;
            case YamlSequenceNode list:
                json.Append('[').AppendJoin(',', list.Children.Select(Text)).Append(']');
                break;
            case YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain } scalar when scalar.Value is "true" or "false" || double.TryParse(scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out _):
                json.Append(scalar.Value);
                break;
            default:
                json.Append(JsonSerializer.Serialize(((YamlScalarNode)node).Value));
                break;
        }
    }

    private static string Text(YamlNode node)
    {
        StringBuilder json = new();
        Write(node, json);
        return json.ToString();
    }
}
