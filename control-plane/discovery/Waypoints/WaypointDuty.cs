namespace Ambient.ControlPlane.Discovery.Waypoints;

/// <summary>Whether traffic that does not come through the waypoint is refused.</summary>
public enum WaypointDuty
{
    /// <summary>Where a policy needs HTTP: without the waypoint nobody would enforce it.</summary>
    OnPolicy,

    /// <summary>Wherever there is a waypoint.</summary>
    Always,

    /// <summary>Nowhere: whoever goes around the waypoint goes around its policies.</summary>
    Never,
}
