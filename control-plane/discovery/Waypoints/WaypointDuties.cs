namespace Ambient.ControlPlane.Discovery.Waypoints;

/// <summary>The words for <see cref="WaypointDuty"/>. Stateless.</summary>
public static class WaypointDuties
{
    /// <summary>The annotation of Services, ServiceEntries and namespaces that says it.</summary>
    public const string Annotation = "ambient.mesh/require-waypoint";

    /// <summary>What is allowed.</summary>
    public const string Words = "policy, always, never";

    /// <summary>Reads one; null for any other word.</summary>
    public static WaypointDuty? Parse(string? text) => text switch
    {
        "policy" => WaypointDuty.OnPolicy,
        "always" => WaypointDuty.Always,
        "never" => WaypointDuty.Never,
        _ => null,
    };
}
