using Ambient.Mesh.Addresses;

namespace Ambient.Mesh.Policies;

/// <summary>Conditions that must all hold (ztunnel.md 5.2); without any it matches nothing. Immutable.</summary>
public sealed record PolicyMatch
{
    /// <summary>The peer's namespace.</summary>
    public IReadOnlyList<StringMatch> Namespaces { get; init; } = [];

    /// <summary>Not the peer's namespace.</summary>
    public IReadOnlyList<StringMatch> NotNamespaces { get; init; } = [];

    /// <summary>The peer's identity without <c>spiffe://</c>.</summary>
    public IReadOnlyList<StringMatch> Principals { get; init; } = [];

    /// <summary>Not the peer's identity.</summary>
    public IReadOnlyList<StringMatch> NotPrincipals { get; init; } = [];

    /// <summary>The peer's service account.</summary>
    public IReadOnlyList<ServiceAccountMatch> ServiceAccounts { get; init; } = [];

    /// <summary>Not the peer's service account.</summary>
    public IReadOnlyList<ServiceAccountMatch> NotServiceAccounts { get; init; } = [];

    /// <summary>The peer's address.</summary>
    public IReadOnlyList<IpPrefix> SourceIps { get; init; } = [];

    /// <summary>Not the peer's address.</summary>
    public IReadOnlyList<IpPrefix> NotSourceIps { get; init; } = [];

    /// <summary>The pod's address.</summary>
    public IReadOnlyList<IpPrefix> DestinationIps { get; init; } = [];

    /// <summary>Not the pod's address.</summary>
    public IReadOnlyList<IpPrefix> NotDestinationIps { get; init; } = [];

    /// <summary>The port that the application listens on.</summary>
    public IReadOnlyList<ushort> DestinationPorts { get; init; } = [];

    /// <summary>Not the port that the application listens on.</summary>
    public IReadOnlyList<ushort> NotDestinationPorts { get; init; } = [];

    /// <summary>Whether no condition is stated.</summary>
    public bool IsEmpty =>
        Namespaces.Count + NotNamespaces.Count + Principals.Count + NotPrincipals.Count + ServiceAccounts.Count + NotServiceAccounts.Count
        + SourceIps.Count + NotSourceIps.Count + DestinationIps.Count + NotDestinationIps.Count + DestinationPorts.Count + NotDestinationPorts.Count == 0;
}
