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
        string entry = running.Subject.Entry(running.Context);
        Load(running, "req", entry, "64", "1", "0");
        long[] warm = [.. running.ProcessIds.Select(id => ProcessUsage.ResidentBytes([id]))];
        using Process idle = LoadProcess.Start(running.Context.Network.Client, "idle", entry, connections.ToString());
        string? state = idle.StandardOutput.ReadLine();
        if (state != "READY")
        {
            throw new InvalidOperationException($"{running.Subject.Name}: {connections} idle connections could not be made: {state} {idle.StandardError.ReadToEnd()}");
        }

        long[] full = [.. running.ProcessIds.Select(id => ProcessUsage.ResidentBytes([id]))];
        idle.Kill();
        idle.WaitForExit();
        yield return new Sample("bytes_per_connection_server_side", "B", Math.Max(0, full[0] - warm[0]) / (double)connections);
        yield return new Sample("bytes_per_connection_client_side", "B", Math.Max(0, full[^1] - warm[^1]) / (double)connections);
    }
}
