using System.Diagnostics;
using Ambient.Benchmarks.Network;
using Ambient.Benchmarks.Subjects;

namespace Ambient.Benchmarks.L4;

/// <summary>A workload: how the load looks and which metrics come out of it.</summary>
internal abstract class Workload
{
    /// <summary>Name in tables and JSON.</summary>
    public abstract string Name { get; }

    /// <summary>Port of the server that this workload talks to.</summary>
    public virtual int TargetPort => 9000;

    /// <summary>The server role behind the proxies.</summary>
    public virtual string ServerRole => "serve";

    /// <summary>Whether every connection needs a TLS session of its own.</summary>
    public virtual bool FreshSessions => false;

    /// <summary>Which subjects make sense for this workload.</summary>
    public virtual bool Includes(Subject subject) => subject is not LimitSubject;

    /// <summary>Measures one subject once.</summary>
    public abstract IEnumerable<Sample> Measure(RunningSubject running, TimeSpan duration);

    /// <summary>Starts server and subject, waits until the path works, measures, stops everything.</summary>
    public IReadOnlyList<Sample> Run(Subject subject, SubjectContext context, TimeSpan duration)
    {
        context = context with { TargetPort = TargetPort, FreshSessions = FreshSessions };
        using Process server = LoadProcess.Start(context.Network.Server, ServerRole, $"{BenchNetwork.ServerAddress}:{TargetPort}");
        try
        {
            using RunningSubject running = new(subject, context);
            WaitForPath(running);
            IReadOnlyList<Sample> samples = [.. Measure(running, duration)];
            running.VerifyAlive();
            return samples;
        }
        finally
        {
            server.Kill();
            server.WaitForExit();
        }
    }

    private protected static string Seconds(TimeSpan duration) => duration.TotalSeconds.ToString("0.##", System.Globalization.CultureInfo.InvariantCulture);

    private protected LoadRun Load(RunningSubject running, params string[] arguments) =>
        LoadRun.Execute(running.Context.Network.Client, running.ProcessIds, TimeSpan.FromMinutes(2), arguments);

    private void WaitForPath(RunningSubject running)
    {
        running.VerifyAlive();
        string role = ServerRole == "serve" ? "probe" : "probe-connect";
        using Process probe = LoadProcess.Start(running.Context.Network.Client, role, running.Subject.Entry(running.Context));
        if (!probe.WaitForExit(TimeSpan.FromSeconds(20)))
        {
            probe.Kill();
            running.VerifyAlive();
            throw new InvalidOperationException($"{running.Subject.Name}: no answer through the path within 20 s");
        }

        if (probe.ExitCode != 0)
        {
            running.VerifyAlive();
            throw new InvalidOperationException($"{running.Subject.Name}: the path does not work: {probe.StandardError.ReadToEnd()}");
        }
    }
}
