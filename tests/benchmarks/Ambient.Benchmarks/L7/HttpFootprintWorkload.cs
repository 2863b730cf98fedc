using Ambient.Benchmarks.L4;
using Ambient.Benchmarks.Network;
using Ambient.Benchmarks.Subjects;

namespace Ambient.Benchmarks.L7;

/// <summary>Time from start to ready, and resident memory of one HTTP proxy: with one service, and the waypoint's with 1 000 services of ten routes and ten endpoints each.</summary>
internal sealed class HttpFootprintWorkload : Workload
{
    private const int Services = 1000;

    public override string Name => "footprint";

    public override string ServerRole => "serve-http";

    public override bool Includes(Subject subject) => subject is WaypointSubject or HaproxyHttpSubject or NginxHttpSubject;

    public override IEnumerable<Sample> Measure(RunningSubject running, TimeSpan duration)
    {
        if (running.Subject is not WaypointSubject)
        {
            yield return Resident("resident_mb", running);
            yield break;
        }

        ReadyProbe.Wait(running.Context.Network.Server, TimeSpan.FromSeconds(20));
        yield return Resident("resident_mb", running);
        yield return new Sample("ready_ms", "ms", ReadyProbe.Time(running, network => network.Server));
        using BenchNetwork network = new();
        using RunningSubject loaded = new(running.Subject, running.Context with { Network = network, Workloads = Services });
        ReadyProbe.Wait(network.Server, TimeSpan.FromMinutes(2));
        yield return Resident($"resident_mb_{Services}_services", loaded);
    }

    private static Sample Resident(string name, RunningSubject running) => new(name, "MB", ProcessUsage.ResidentBytes(running.ProcessIds) / 1e6);
}
