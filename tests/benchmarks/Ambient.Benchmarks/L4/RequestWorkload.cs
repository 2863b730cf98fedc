using Ambient.Benchmarks.Subjects;

namespace Ambient.Benchmarks.L4;

/// <summary>Small requests and answers over kept connections: closed loop, or open loop at a fixed rate.</summary>
internal sealed class RequestWorkload(int connections, int rate = 0) : Workload
{
    public override string Name => rate == 0 ? $"small-{connections}" : $"open-{rate}";

    public override IEnumerable<Sample> Measure(RunningSubject running, TimeSpan duration)
    {
        LoadRun run = Load(running, "req", running.Subject.Entry(running.Context), connections.ToString(), Seconds(duration), rate.ToString());
        return Samples(run, running.ProcessIds.Count > 0);
    }

    /// <summary>The metrics every request workload reports.</summary>
    public static IEnumerable<Sample> Samples(LoadRun run, bool proxied)
    {
        yield return new Sample("requests_per_s", "1/s", run["count"] / run["seconds"]);
        yield return new Sample("p50_us", "us", run["p50"]);
        yield return new Sample("p99_us", "us", run["p99"]);
        if (proxied && run["count"] > 0)
        {
            yield return new Sample("cpu_us_per_request", "us", run.ProxyCpuSeconds * 1e6 / run["count"]);
        }

        if (run["errors"] > 0)
        {
            yield return new Sample("errors", "", run["errors"]);
        }
    }
}
