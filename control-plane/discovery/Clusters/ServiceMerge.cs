using Ambient.Protocol.Istio.Workload;
using Ambient.Xds.Server.Resources;
using Google.Protobuf;

namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>One service of several clusters (control-plane reference 9.6). Pure functions.</summary>
internal static class ServiceMerge
{
    /// <summary>
    /// The service as it is told; null: there is none. The own cluster's stays the base, with its ports, waypoint and all else; when it is not global, others do not count.
    /// </summary>
    /// <param name="own">What the control plane's own cluster has; null: none.</param>
    /// <param name="others">What the others have, in the order of the clusters' names.</param>
    /// <param name="farIdentities">Who answers for it on other networks.</param>
    /// <param name="network">
    /// Our own network. Others' addresses on it do not count: pods may share a network, but cluster addresses are private to each cluster, and here the same one
    /// is mostly another service's, or nobody's.
    /// </param>
    /// <param name="isCanonical">Whether it is the canonical one of its host, when the own cluster has none of the name.</param>
    internal static (ResourceContent? Content, bool IsGlobal) Of(ServiceClaim? own, IEnumerable<ServiceClaim> others, IReadOnlyCollection<string> farIdentities, string network, bool isCanonical)
    {
        if (own is { IsGlobal: false })
        {
            return (own.Content, false);
        }

        ServiceClaim[] claims = [.. others.Where(static claim => claim.IsGlobal)];
        if ((own ?? claims.FirstOrDefault()) is not { } first)
        {
            return (null, false);
        }

        if (own is not null && claims.Length == 0 && farIdentities.Count == 0)
        {
            return (own.Content, true);
        }

        string here = network + "/";
        IEnumerable<NetworkAddress> addresses = claims.SelectMany(static claim => claim.Message.Addresses).Where(address => address.Network != network);
        IEnumerable<string> aliases = claims.SelectMany(static claim => claim.Content.Aliases).Where(alias => !alias.StartsWith(here, StringComparison.Ordinal));
        Service merged = first.Message.Clone();
        merged.Canonical = own?.Message.Canonical ?? isCanonical;
        merged.Addresses.Clear();
        merged.Addresses.AddRange((own?.Message.Addresses ?? []).Concat(addresses).Distinct().OrderBy(static address => address.Network, StringComparer.Ordinal).ThenBy(static address => address.Address, ByBytes).ThenBy(static address => address.Length));
        merged.SubjectAltNames.Clear();
        merged.SubjectAltNames.AddRange((own?.Message.SubjectAltNames ?? []).Concat(claims.SelectMany(static claim => claim.Message.SubjectAltNames)).Concat(farIdentities).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        return (first.Content with { Message = new Address { Service = merged }, Aliases = [.. (own?.Content.Aliases ?? []).Concat(aliases).Distinct(StringComparer.Ordinal)] }, true);
    }

    private static IComparer<ByteString> ByBytes { get; } = Comparer<ByteString>.Create(static (one, other) => one.Length != other.Length ? one.Length.CompareTo(other.Length) : one.Span.SequenceCompareTo(other.Span));
}
