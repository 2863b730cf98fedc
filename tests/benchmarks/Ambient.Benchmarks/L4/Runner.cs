using Ambient.Benchmarks.Network;
using Ambient.Benchmarks.Subjects;
using Ambient.Cni.Redirection;
using Ambient.Cni.Redirection.Rules;

namespace Ambient.Benchmarks.L4;

/// <summary>Runs workloads against subjects, interleaved: every run visits all subjects before the next begins.</summary>
internal sealed class Runner(L4Options options, IReadOnlyList<Workload> workloads, IReadOnlyList<Subject> subjects)
{
    /// <summary>The workloads of <c>bench l4</c>.</summary>
    public static IReadOnlyList<Workload> L4Workloads { get; } =
    [
        new BulkWorkload(1), new BulkWorkload(16), new RequestWorkload(1), new RequestWorkload(64), new RequestWorkload(512), new RequestWorkload(64, 4000),
        new ConnectWorkload(fresh: false), new ConnectWorkload(fresh: true), new IdleWorkload(10000), new FootprintWorkload(),
    ];

    /// <summary>The subjects of <c>bench l4</c>.</summary>
    public static IReadOnlyList<Subject> L4Subjects { get; } =
    [
        new DirectSubject(), new LimitSubject(), new HaproxySubject(mutualTls: false), new HaproxySubject(mutualTls: true), new NginxSubject(),
        new AmbientSubject(RedirectionMethod.Sockets), new AmbientSubject(RedirectionMethod.Translation),
    ];

    /// <summary>Measures and returns the table; progress goes to standard error. A subject that fails is reported and left out of that run.</summary>
    public ResultTable Run()
    {
        using BenchNetwork network = new();
        string directory = Directory.CreateTempSubdirectory("ambient-bench-").FullName;
        ResultTable results = new();
        try
        {
            // nginx's worker runs as another user and reads the certificates.
            File.SetUnixFileMode(directory, (UnixFileMode)0b111_101_101);
            SubjectContext context = new(network, new BenchCertificates(directory), directory, options.ZtunnelPath) { WaypointPath = options.WaypointPath };
            foreach (Workload workload in workloads.Where(w => options.Includes(w.Name)))
            {
                for (int run = 0; run < options.Runs; run++)
                {
                    foreach (Subject subject in subjects.Where(s => workload.Includes(s) && options.IncludesSubject(s)))
                    {
                        RunOne(workload, subject, context, run, results);
                    }
                }
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }

        return results;
    }

    /// <summary>Whether some measurement failed.</summary>
    public bool Failed { get; private set; }

    private void RunOne(Workload workload, Subject subject, SubjectContext context, int run, ResultTable results)
    {
        try
        {
            IReadOnlyList<Sample> samples = workload.Run(subject, context, options.Duration);
            results.Add(workload.Name, subject.Name, samples);
            Console.Error.WriteLine($"{workload.Name,-20} {subject.Name,-13} run {run + 1}/{options.Runs}  {string.Join("  ", samples.Select(s => $"{s.Metric}={s.Value:G5}"))}");
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or RedirectionException)
        {
            Failed = true;
            Console.Error.WriteLine($"{workload.Name,-20} {subject.Name,-13} run {run + 1}/{options.Runs}  FAILED: {e.Message}");
        }
    }
}
