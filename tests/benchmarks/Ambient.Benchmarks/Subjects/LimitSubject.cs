using Ambient.Benchmarks.Network;

namespace Ambient.Benchmarks.Subjects;

/// <summary>
/// The limit of the machine: a blocking relay pair that encrypts 16 KB records in place with a fixed key. No handshake, no HTTP/2, no
/// policy; only what any encrypting pair must do.
/// </summary>
internal sealed class LimitSubject : Subject
{
    public override string Name => "limit";

    public override string Entry(SubjectContext context) => "127.0.0.1:25001";

    public override IReadOnlyList<ProcessSpec> Processes(SubjectContext context)
    {
        string self = Environment.ProcessPath!;
        return
        [
            new ProcessSpec(context.Network.Server, [self, "load", "limit-open", $"{BenchNetwork.ServerAddress}:25002", $"{BenchNetwork.ServerAddress}:{context.TargetPort}"], NoEnvironment),
            new ProcessSpec(context.Network.Client, [self, "load", "limit-seal", "127.0.0.1:25001", $"{BenchNetwork.ServerAddress}:25002"], NoEnvironment),
        ];
    }
}
