using Ambient.Mesh.Workloads;

namespace Ambient.Waypoint.Balancing;

/// <summary>An endpoint that may be chosen. Immutable.</summary>
internal sealed record Candidate(EndpointKey Key, Workload Workload, EndpointState State)
{
    /// <summary>Its share among those of its priority; 0 gets nothing.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Whether anything is known of the workload; else it is somewhere outside.</summary>
    public bool IsKnown { get; init; } = true;

    /// <summary>0 is used first.</summary>
    public int Priority { get; init; }

    /// <summary>Its name as a number, the same in every process. Waypoints of a service all have the address that is dialled through them.</summary>
    public ulong Hash { get; } = StableHash.Of((Key.Via ?? Key.Address).ToString());
}
