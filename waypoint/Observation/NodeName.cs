using Ambient.Waypoint.Settings;

namespace Ambient.Waypoint.Observation;

/// <summary>What a waypoint calls itself towards collectors. Pure.</summary>
internal static class NodeName
{
    private static string? _ofProcess;

    /// <summary>Such as <c>waypoint~~waypoint-1.apps~apps.svc.cluster.local</c>, as Envoy's node id is built.</summary>
    public static string Of(WaypointOptions options) => _ofProcess ??=
        $"waypoint~{Environment.GetEnvironmentVariable("INSTANCE_IP")}~{Environment.GetEnvironmentVariable("POD_NAME") ?? Environment.MachineName}.{options.Identity.Namespace}~{options.Identity.Namespace}.svc.cluster.local";

    /// <summary>The name as a service: canonical name and namespace.</summary>
    public static string ServiceOf(WaypointOptions options) => $"{options.Identity.ServiceAccount}.{options.Identity.Namespace}";
}
