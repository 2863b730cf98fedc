using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Policies;

/// <summary>Asks the policies about an inbound connection (ztunnel.md 5). Pure.</summary>
public static class PolicyEngine
{
    /// <summary>The verdict for a connection to a workload.</summary>
    public static Verdict Evaluate(MeshView view, in ConnectionFacts facts, Workload destination) => throw new NotSupportedException();
}
