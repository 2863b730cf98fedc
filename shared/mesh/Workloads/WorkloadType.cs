namespace Ambient.Mesh.Workloads;

/// <summary>What created the workload; telemetry only (wire numbers).</summary>
public enum WorkloadType
{
    /// <summary>A Deployment; also anything unknown.</summary>
    Deployment = 0,

    /// <summary>A CronJob.</summary>
    CronJob = 1,

    /// <summary>A bare pod.</summary>
    Pod = 2,

    /// <summary>A Job.</summary>
    Job = 3,
}
