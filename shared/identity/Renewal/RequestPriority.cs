namespace Ambient.Identity.Renewal;

/// <summary>Which waiting request goes first; higher goes before lower, then older before newer.</summary>
public enum RequestPriority
{
    /// <summary>A renewal: there is still a valid certificate.</summary>
    Background = 0,

    /// <summary>A workload has come to this node; its first connection is near.</summary>
    Warmup = 1,

    /// <summary>A connection waits.</summary>
    RealTime = 2,
}
