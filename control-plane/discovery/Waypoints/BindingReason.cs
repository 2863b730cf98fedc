namespace Ambient.ControlPlane.Discovery.Waypoints;

/// <summary>What became of a wish for a waypoint (control-plane reference 3.5).</summary>
internal enum BindingReason
{
    /// <summary>It is granted.</summary>
    Bound,

    /// <summary>The waypoint is missing, or has no address yet.</summary>
    NotReady,

    /// <summary>The waypoint does not admit the namespace.</summary>
    Denied,

    /// <summary>The waypoint is where the object must not be seen.</summary>
    Forbidden,

    /// <summary>The waypoint is not for this kind of traffic.</summary>
    WrongTraffic,
}
