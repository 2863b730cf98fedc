using Ambient.Benchmarks.Subjects;

namespace Ambient.Benchmarks.L4;

/// <summary>
/// A new connection for each request, 32 in flight. With <paramref name="fresh"/> pooling is off, so that each connection is a fresh
/// mutual handshake between the two proxies.
/// </summary>
internal sealed class ConnectWorkload(bool fresh) : Workload
{
    public override string Name => fresh ? "handshakes" : "connect-per-request";

    public override bool FreshSessions => fresh;

    public override bool Includes(Subject subject) => subject is not LimitSubject && (!fresh || subject.Name is "nginx-mtls" or "haproxy-mtls" or "ambient");

    public override IEnumerable<Sample> Measure(RunningSubject running, TimeSpan duration)
    {
        LoadRun run = Load(running, "churn", running.Subject.Entry(running.Context), "32", Seconds(duration));
        return RequestWorkload.Samples(run, running.ProcessIds.Count > 0);
    }
}
