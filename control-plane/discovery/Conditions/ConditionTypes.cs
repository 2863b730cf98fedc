namespace Ambient.ControlPlane.Discovery.Conditions;

/// <summary>The conditions that discovery has a word about (control-plane reference 3.8).</summary>
public static class ConditionTypes
{
    /// <summary>Whether an object's waypoint is in force.</summary>
    public const string WaypointBound = "istio.io/WaypointBound";

    /// <summary>That a ServiceEntry has no effect without a waypoint.</summary>
    public const string WaypointMissing = "istio.io/WaypointMissing";

    /// <summary>Who may see a ServiceEntry, where the mesh says anything about that.</summary>
    public const string VisibilityApplied = "istio.io/VisibilityApplied";

    /// <summary>Whether ztunnels enforce a policy.</summary>
    public const string ZtunnelAccepted = "ZtunnelAccepted";

    /// <summary>Whether waypoints enforce a policy.</summary>
    public const string WaypointAccepted = "WaypointAccepted";

    /// <summary>That an object cannot be read, for kinds without another condition to say so; ours.</summary>
    public const string Readable = "ambient.mesh/Readable";

    /// <summary>That an endpoint has an address that none can have, and counts as absent; ours.</summary>
    public const string EndpointsAccepted = "ambient.mesh/EndpointsAccepted";

    /// <summary>Whether all that an object of Istio's APIs says is in force at waypoints; of ServiceEntries, what of them is not in force at all.</summary>
    public const string Reconciled = "Reconciled";

    /// <summary>All that discovery sets, without those of routing: they are ours to set and to remove.</summary>
    public static IReadOnlyList<string> All { get; } = [WaypointBound, WaypointMissing, VisibilityApplied, ZtunnelAccepted, WaypointAccepted, Readable, EndpointsAccepted];
}
