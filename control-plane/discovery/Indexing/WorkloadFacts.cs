using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Indexing;

/// <summary>A workload. Immutable.</summary>
/// <param name="Labels">Its labels.</param>
/// <param name="Services">Names of the services that it is an endpoint of.</param>
public sealed record WorkloadFacts(StringMap Labels, IReadOnlyCollection<string> Services);
