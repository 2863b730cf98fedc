namespace Ambient.Mesh.Workloads;

/// <summary>Whether a workload has addresses of its own (wire numbers).</summary>
public enum NetworkMode
{
    /// <summary>Own addresses.</summary>
    Standard = 0,

    /// <summary>The node's addresses, shared with others; never found by address.</summary>
    HostNetwork = 1,
}
