using Ambient.Benchmarks.Network;
using Ambient.Benchmarks.Subjects;

namespace Ambient.Benchmarks.L4;

/// <summary>Time from start to ready, and resident memory of one proxy: empty, and with many workloads known.</summary>
internal sealed class FootprintWorkload : Workload
{
    public override string Name => "footprint";

    public override bool Includes(Subject subject) => subject is AmbientSubject or NginxSubject or HaproxySubject;

    public override IEnumerable<Sample> Measure(RunningSubject running, TimeSpan duration)
    {
        yield return new Sample("resident_mb", "MB", ProcessUsage.ResidentBytes([running.ProcessIds[^1]]) / 1e6);
        if (running.Subject is not AmbientSubject)
        {
            yield break;
        }

        yield return new Sample("ready_ms", "ms", ReadyProbe.Time(running, network => network.Client));
        foreach (int workloads in new[] { 10_000, 200_000 })
        {
            using BenchNetwork network = new();
            using RunningSubject loaded = new(running.Subject, running.Context with { Network = network, Workloads = workloads });
            ReadyProbe.Wait(network.Client, TimeSpan.FromMinutes(2));
            yield return new Sample($"resident_mb_{workloads}_workloads", "MB", ProcessUsage.ResidentBytes([loaded.ProcessIds[^1]]) / 1e6);
        }
    }
}
