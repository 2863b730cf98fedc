namespace Ambient.Mesh.Workloads;

/// <summary>Readiness (wire numbers).</summary>
public enum WorkloadStatus
{
    /// <summary>Takes traffic.</summary>
    Healthy = 0,

    /// <summary>Takes traffic only from Services that allow all.</summary>
    Unhealthy = 1,
}
