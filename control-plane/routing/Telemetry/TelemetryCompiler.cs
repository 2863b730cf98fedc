using System.Text.Json;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Telemetry;

/// <summary>Telemetry objects and the telemetry of MeshConfig for a waypoint (waypoint reference 2.8.1). Not thread-safe.</summary>
internal sealed class TelemetryCompiler(WaypointScope scope, ProblemList problems)
{
    // Providers may come without the rest of MeshConfig.
    private readonly RoutingObject? _mesh = scope.MeshConfig ?? (scope.ExtensionProviders.Count == 0 ? null : new RoutingObject(
        "MeshConfig",
        scope.RootNamespace,
        "istio",
        DateTimeOffset.UnixEpoch,
        JsonDocument.Parse($"{{\"extensionProviders\":[{string.Join(',', scope.ExtensionProviders.Select(provider => provider.GetRawText()))}]}}").RootElement.Clone()));

    /// <summary>What is measured, logged and traced; null when nobody said anything.</summary>
    public TelemetrySettings? Compile()
    {
        if (scope.MeshConfig is null && !scope.Of("Telemetry").Any())
        {
            return null;
        }

        ProviderTable providers = new(_mesh, problems);
        TelemetryLayers layers = new(scope, problems);
        TelemetrySettings settings = new() { ClusterId = scope.ClusterId, MeshId = MeshId() };
        settings.Profiles.Add(Profile(layers.OfAll(), providers));
        foreach (RoutedService service in scope.Served)
        {
            TelemetryProfile profile = Profile(layers.Of(service), providers);
            int index = settings.Profiles.IndexOf(profile);
            if (index < 0)
            {
                index = settings.Profiles.Count;
                settings.Profiles.Add(profile);
            }

            if (index > 0)
            {
                settings.Services[service.ResourceName] = (uint)index;
            }
        }

        settings.Providers.AddRange(providers.Used);
        return settings;
    }

    private string MeshId()
    {
        if (_mesh is not { } mesh)
        {
            return "";
        }

        SpecReader spec = new(mesh, problems);
        string id = spec.Object("defaultConfig")?.Text("meshId") ?? "";
        return id.Length > 0 ? id : spec.Text("trustDomain");
    }

    private TelemetryProfile Profile(IReadOnlyList<RoutingObject> layers, ProviderTable providers)
    {
        MetricRules metrics = new(providers);
        LogRules logs = new(providers, _mesh, problems);
        TraceRules traces = new(providers, _mesh, problems);
        foreach (RoutingObject layer in layers)
        {
            problems.Use(layer);
            SpecReader spec = new(layer, problems);
            metrics.Add(spec.Objects("metrics"));
            logs.Add(layer, spec.Objects("accessLogging"));
            traces.Add(layer, spec.Objects("tracing"));
            _ = spec.Has("targetRef");
            _ = spec.Has("selector");
            _ = spec.Has("targetRefs");
            spec.End();
        }

        TelemetryProfile profile = new();
        profile.Metrics.AddRange(metrics.Result());
        profile.Logs.AddRange(logs.Result());
        profile.Tracing = traces.Result();
        return profile;
    }
}
