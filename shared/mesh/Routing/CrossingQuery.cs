using Ambient.Mesh.Services;

namespace Ambient.Mesh.Routing;

/// <summary>What a caller of another network asks a gateway for. Immutable.</summary>
public readonly record struct CrossingQuery
{
    /// <summary>The authority of the outer CONNECT.</summary>
    public required string Authority { get; init; }

    /// <summary>What the caller says it is, <c>x-istio-source</c>; null: it says nothing.</summary>
    public string? Source { get; init; }

    /// <summary>The gateway's network.</summary>
    public required string Network { get; init; }

    /// <summary>Whether a port of a service may be reached from other networks.</summary>
    public required Func<NamespacedHostname, ushort, bool> IsServed { get; init; }

    /// <summary>Uids of those that were tried already.</summary>
    public IReadOnlySet<string>? Avoided { get; init; }
}
