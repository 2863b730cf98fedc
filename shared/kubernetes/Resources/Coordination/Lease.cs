namespace Ambient.Kubernetes.Resources.Coordination;

/// <summary>A lease: who leads, or who lives. Immutable.</summary>
public sealed record Lease : Resource, IWholeResource
{
    /// <summary><c>spec</c>.</summary>
    public LeaseSpec Spec { get; init => field = value ?? new LeaseSpec(); } = new();
}
