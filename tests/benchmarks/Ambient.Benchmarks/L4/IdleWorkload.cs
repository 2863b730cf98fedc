using System.Diagnostics;
using Ambient.Benchmarks.Network;
using Ambient.Benchmarks.Subjects;

namespace Ambient.Benchmarks.L4;

/// <summary>Many connections that made one request each and are silent since: resident memory per connection of each proxy.</summary>
internal sealed class IdleWorkload(int connections) : Workload
{
    public override string Name => $"idle-{connections}";

    public override bool Includes(Subject subject) => subject is not (DirectSubject or LimitSubject);

    public override IEnumerable<Sample> Measure(RunningSubject running, TimeSpan duration)
    {
        // The peers hold two descriptors of one process for each connection, and 20 000 is a common limit.
        int made = running.Subject is AmbientSubject ? connections : Math.Min(connections, 9_900);
        string entry = running.Subject.Entry(running.Context);
        Load(running, "req", entry, "64", "1", "0");
        long[] warm = [.. running.ProcessIds.Select(id => ProcessUsage.ResidentBytes([id]))];
        using Process idle = LoadProcess.Start(running.Context.Network.Client, "idle", entry, made.ToString());
        string? state = idle.StandardOutput.ReadLine();
        if (state != "READY")
        {
            throw new InvalidOperationException($"{running.Subject.Name}: {made} idle connections could not be made: {state} {idle.StandardError.ReadToEnd()}");
        }

        long[] full = [.. running.ProcessIds.Select(id => ProcessUsage.ResidentBytes([id]))];
        idle.Kill();
        idle.WaitForExit();
        yield return new Sample("bytes_per_connection_server_side", "B", Math.Max(0, full[0] - warm[0]) / (double)made);
        yield return new Sample("bytes_per_connection_client_side", "B", Math.Max(0, full[^1] - warm[^1]) / (double)made);
    }
}
