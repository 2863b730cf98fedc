using Ambient.Benchmarks.Subjects;

namespace Ambient.Benchmarks.L4;

/// <summary>Upload over a number of parallel streams.</summary>
internal sealed class BulkWorkload(int streams) : Workload
{
    public override string Name => $"bulk-{streams}";

    public override int TargetPort => 9001;

    public override string ServerRole => "sink";

    public override bool Includes(Subject subject) => subject is not LimitSubject || streams == 1;

    public override IEnumerable<Sample> Measure(RunningSubject running, TimeSpan duration)
    {
        LoadRun run = Load(running, "bulk", running.Subject.Entry(running.Context), streams.ToString(), Seconds(duration));
        double bytes = run["bytes"];
        yield return new Sample("gbit_per_s", "Gbit/s", bytes * 8 / run["seconds"] / 1e9);
        if (running.ProcessIds.Count > 0)
        {
            yield return new Sample("cpu_s_per_gb", "CPU-s/GB", run.ProxyCpuSeconds / (bytes / 1e9));
        }
    }
}
