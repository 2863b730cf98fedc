using System.Text.Json;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Kubernetes.Manifests;

namespace Ambient.ControlPlane.Routing.Serving;

/// <remarks>MeshConfig: what all waypoints and gateways have in common.</remarks>
public sealed partial class WaypointIndex
{
    private const string MeshMap = "istio";
    private static readonly string[] NotHonoured = ["defaultServiceExportTo", "defaultVirtualServiceExportTo", "defaultDestinationRuleExportTo"];
    private IReadOnlyList<JsonElement> _providers = [];
    private RoutingObject? _meshConfig;
    private MeshOptions? _options;
    private IReadOnlyList<RoutingProblem> _meshProblems = [];

    private MeshOptions Options => _options ?? MeshOptions.None;

    /// <summary>MeshConfig as YAML. One that cannot be read changes nothing.</summary>
    private void SetMeshConfig(string? yaml)
    {
        RoutingObject? now = null;
        if (!string.IsNullOrWhiteSpace(yaml))
        {
            if (!YamlDocument.TryRead(yaml, out IReadOnlyList<YamlDocument> documents, out YamlProblem? problem) || documents.Count != 1)
            {
                SayOfMesh([new RoutingProblem("ConfigMap", _settings.RootNamespace, MeshMap, RoutingProblem.Invalid, $"data.mesh: {problem?.ToString() ?? "must be one document"}; what it said last stays")]);
                return;
            }

            using JsonDocument json = JsonDocument.Parse(documents[0].Json);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
            {
                SayOfMesh([new RoutingProblem("ConfigMap", _settings.RootNamespace, MeshMap, RoutingProblem.Invalid, "data.mesh: must be a mapping of fields to values; what it said last stays")]);
                return;
            }

            now = new RoutingObject("MeshConfig", _settings.RootNamespace, MeshMap, DateTimeOffset.UnixEpoch, json.RootElement.Clone());
        }

        ProblemList problems = new();
        MeshOptions before = Options;
        _options = now is null ? MeshOptions.None : MeshOptions.Read(now with { Kind = "ConfigMap" }, _options, problems);
        if (Ignored(now) is { } ignored)
        {
            problems.Add(ignored);
        }

        SayOfMesh(problems.All);
        _meshConfig = now;
        _providers = now is { Spec.ValueKind: JsonValueKind.Object } && now.Spec.TryGetProperty("extensionProviders", out JsonElement providers) && providers.ValueKind == JsonValueKind.Array ? [.. providers.EnumerateArray()] : [];
        MarkSettings();
        if (Options.Defaults != before.Defaults)
        {
            MarkTraffic();
        }
    }

    /// <summary>Says what was not said of the MeshConfig before.</summary>
    private void SayOfMesh(IReadOnlyList<RoutingProblem> problems)
    {
        foreach (RoutingProblem news in problems.Except(_meshProblems))
        {
            _say(news);
        }

        _meshProblems = problems;
    }

    /// <summary>What of MeshConfig has no effect though it would change who sees what.</summary>
    private RoutingProblem? Ignored(RoutingObject? mesh)
    {
        string[] ignored = mesh is not { Spec.ValueKind: JsonValueKind.Object } ? [] : [.. NotHonoured.Where(name => mesh.Spec.TryGetProperty(name, out JsonElement said) && said.ValueKind == JsonValueKind.Array && said.GetArrayLength() > 0)];
        return ignored.Length == 0 ? null
            : new RoutingProblem("ConfigMap", _settings.RootNamespace, MeshMap, RoutingProblem.UnsupportedValue, $"data.mesh: {string.Join(", ", ignored)}: not supported and without effect: what says nothing is exported to all");
    }

    /// <summary>All routes, and how all services are reached.</summary>
    private void MarkTraffic()
    {
        _due.UnionWith(_services.Waypoints.SelectMany(waypoint => _services.ServedBy(waypoint).Select(service => new Unit(waypoint, UnitKind.Routes, service))));
        _due.UnionWith(_uses.Keys.Select(static use => new Unit(use.Waypoint, UnitKind.Destination, use.Service)));
        MarkEdges();
    }
}
