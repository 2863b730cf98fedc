using Ambient.Benchmarks.Network;

namespace Ambient.Benchmarks.Subjects;

/// <summary>No proxy: the ceiling of the machine.</summary>
internal sealed class DirectSubject : Subject
{
    public override string Name => "direct";

    public override string Entry(SubjectContext context) => $"{BenchNetwork.ServerAddress}:{context.TargetPort}";

    public override IReadOnlyList<ProcessSpec> Processes(SubjectContext context) => [];
}
