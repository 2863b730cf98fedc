using Ambient.Benchmarks.L4;
using Ambient.Benchmarks.Network;
using Ambient.Benchmarks.Subjects;

namespace Ambient.Benchmarks.L7;

/// <summary>Small requests and answers over kept connections through one HTTP proxy, plain on both sides; the endpoint speaks HTTP/1.1.</summary>
internal sealed class HttpWorkload(bool isHttp2, int connections) : Workload
{
    /// <summary>What <c>bench l7</c> measures.</summary>
    public static IReadOnlyList<Workload> All { get; } = [new HttpWorkload(isHttp2: false, 64), new HttpWorkload(isHttp2: true, 64), new HttpFootprintWorkload()];

    /// <summary>What it measures it with.</summary>
    public static IReadOnlyList<Subject> Subjects { get; } = [new DirectSubject(), new HaproxyHttpSubject(), new NginxHttpSubject(), new WaypointSubject(), new MeshSubject()];

    public override string Name => isHttp2 ? $"h2c-{connections}" : $"http1-{connections}";

    public override string ServerRole => "serve-http";

    // The server speaks HTTP/1.1 alone.
    public override bool Includes(Subject subject) => !isHttp2 || subject is not DirectSubject;

    public override IEnumerable<Sample> Measure(RunningSubject running, TimeSpan duration)
    {
        bool isDirect = running.Subject is DirectSubject;
        string entry = isDirect || running.Subject is MeshSubject ? running.Subject.Entry(running.Context) : $"{BenchNetwork.ServerAddress}:{(isHttp2 ? HttpPorts.Http2 : HttpPorts.Http1)}";
        if (running.Subject is MeshSubject)
        {
            MeshSubject.WaitForPath(running.Context);
        }

        double allocated = Allocated(running);
        LoadRun run = Load(running, "h2load", entry, $"{connections}", Seconds(duration), isHttp2 ? "h2" : "h1");
        foreach (Sample sample in RequestWorkload.Samples(run, !isDirect))
        {
            yield return sample;
        }

        if (!isDirect)
        {
            yield return new Sample("rss_mb", "MB", ProcessUsage.ResidentBytes(running.ProcessIds) / 1e6);
        }

        if (running.Subject is MeshSubject)
        {
            foreach ((string hop, double seconds) in MeshSubject.Hops.Zip(run.CpuSecondsOfEach))
            {
                yield return new Sample($"cpu_us_per_request_{hop}", "us", seconds * 1e6 / run["count"]);
            }
        }

        if (running.Subject is WaypointSubject)
        {
            // Over the warm-up as well, whose requests are as many per second.
            double requests = run["count"] / run["seconds"] * (run["seconds"] + 3);
            yield return new Sample("allocated_bytes_per_request", "B", (Allocated(running) - allocated) / requests);
        }
    }

    private static double Allocated(RunningSubject running)
    {
        if (running.Subject is not WaypointSubject)
        {
            return 0;
        }

        string metrics = Shell.Run("ip", "netns", "exec", running.Context.Network.Server, "curl", "-sS", "--max-time", "5", "http://127.0.0.1:15020/stats/prometheus");
        string? line = metrics.Split('\n').FirstOrDefault(candidate => candidate.StartsWith("ambient_runtime_allocated_bytes", StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }
}
