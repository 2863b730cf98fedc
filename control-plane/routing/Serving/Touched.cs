using Ambient.Kubernetes.Resources.Istio;

namespace Ambient.ControlPlane.Routing.Serving;

/// <summary>What an object is about. Immutable.</summary>
/// <param name="Hosts">Full host names, perhaps wildcards.</param>
/// <param name="Parents">Services and ServiceEntries that routes are attached to.</param>
/// <param name="Targets">What policies are attached to, with their namespace.</param>
internal sealed record Touched(IReadOnlyList<string> Hosts, IReadOnlyList<(string Namespace, string Name, bool IsEntry)> Parents, IReadOnlyList<TargetReference> Targets)
{
    public static Touched Nothing { get; } = new([], [], []);

    public Touched And(Touched other) => new([.. Hosts.Union(other.Hosts, StringComparer.Ordinal)], [.. Parents.Union(other.Parents)], [.. Targets.Union(other.Targets)]);
}
