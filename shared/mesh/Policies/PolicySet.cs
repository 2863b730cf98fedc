namespace Ambient.Mesh.Policies;

/// <summary>All policies, compiled. Immutable.</summary>
public sealed class PolicySet
{
    private PolicySet()
    {
    }

    /// <summary>No policies.</summary>
    public static PolicySet Empty { get; } = new();

    /// <summary>The number of policies.</summary>
    public int Count => 0;

    /// <summary>All policies with their resource names, sorted by them.</summary>
    public IReadOnlyList<(string Key, AuthorizationPolicy Policy)> ByKey => [];

    /// <summary>The policy with this resource name.</summary>
    public AuthorizationPolicy? Find(string key) => null;

    internal PolicySet With(IReadOnlyList<(string Key, AuthorizationPolicy Policy)> changed, IReadOnlyList<string> removed, List<string> unknown) => throw new NotSupportedException();
}
