namespace Ambient.Mesh.Workloads;

/// <summary>The words for <see cref="WorkloadType"/> in baggage and config_dump.</summary>
public static class WorkloadTypes
{
    /// <summary>The lower-case word.</summary>
    public static string Word(this WorkloadType type) => type switch
    {
        WorkloadType.CronJob => "cronjob",
        WorkloadType.Pod => "pod",
        WorkloadType.Job => "job",
        _ => "deployment",
    };

    /// <summary>Reads the word; an unknown one is a deployment.</summary>
    public static WorkloadType Parse(ReadOnlySpan<char> word) => word switch
    {
        "cronjob" => WorkloadType.CronJob,
        "pod" => WorkloadType.Pod,
        "job" => WorkloadType.Job,
        _ => WorkloadType.Deployment,
    };
}
