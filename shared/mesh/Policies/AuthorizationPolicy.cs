namespace Ambient.Mesh.Policies;

/// <summary>A policy as its source states it (ztunnel.md 4.8). Immutable.</summary>
public sealed record AuthorizationPolicy
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>To whom it applies.</summary>
    public PolicyScope Scope { get; init; }

    /// <summary>What it does.</summary>
    public PolicyAction Action { get; init; }

    /// <summary>Alternatives, one of which must match; without any it matches nothing.</summary>
    public IReadOnlyList<PolicyRule> Rules { get; init; } = [];

    /// <summary>Whether it is only logged.</summary>
    public bool IsDryRun { get; init; }

    /// <summary><c>namespace/name</c>, as logs and refusals name it.</summary>
    public string FullName => $"{Namespace}/{Name}";
}
