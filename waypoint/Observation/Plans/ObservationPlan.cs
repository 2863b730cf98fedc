using Ambient.Mesh.Services;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Observation.Export;

namespace Ambient.Waypoint.Observation.Plans;

/// <summary>What is measured, logged and traced, by service. Immutable.</summary>
internal sealed class ObservationPlan
{
    private readonly ServiceProfile _usual;
    private readonly Dictionary<string, ServiceProfile> _services;

    private ObservationPlan(ServiceProfile usual, Dictionary<string, ServiceProfile> services)
    {
        _usual = usual;
        _services = services;
    }

    /// <summary>All metrics, nothing else.</summary>
    public static ObservationPlan Standard { get; } = new(new ServiceProfile(MetricPlan.Standard, [], null), []);

    /// <summary>Compiles what the control plane said; without a word about telemetry, what the mesh's settings say about access logs.</summary>
    public static ObservationPlan Compile(WaypointSettings settings, Exporters exporters, Action<string> problem)
    {
        exporters.Begin();
        ObservationPlan plan;
        if (settings.Telemetry is { Profiles.Count: > 0 } telemetry)
        {
            ServiceProfile[] profiles = [.. telemetry.Profiles.Select(profile => ServiceProfile.Compile(profile, telemetry, exporters, problem))];
            plan = new ObservationPlan(profiles[0], telemetry.Services.Where(entry => entry.Value < profiles.Length).ToDictionary(entry => entry.Key, entry => profiles[entry.Value]));
        }
        else
        {
            plan = settings.LogsAccess ? new ObservationPlan(new ServiceProfile(MetricPlan.Standard, [LogPlan.Usual(settings.LogsJson, exporters)], null), []) : Standard;
        }

        exporters.EndUnused();
        return plan;
    }

    /// <summary>The profile of a service.</summary>
    public ServiceProfile Of(NamespacedHostname service) => _services.Count > 0 && _services.TryGetValue(service.ToString(), out ServiceProfile? own) ? own : _usual;
}
