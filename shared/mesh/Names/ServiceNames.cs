using Ambient.Mesh.Addresses;
using Ambient.Mesh.Indexes;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Names;

/// <summary>Which names the DNS proxy serves, and with what (ztunnel.md 7.2 and 7.3). Pure.</summary>
public static class ServiceNames
{
    /// <summary>The answer, or null to forward the question.</summary>
    public static NameAnswer? Resolve(MeshView view, in NameQuery query)
    {
        string asked = NameAliases.WithoutFinalDot(query.Name);
        foreach ((string alias, string? stripped) in Aliases(asked, query.Client.Namespace, query.ClusterDomain, query.SearchDomains))
        {
            foreach (string candidate in NameAliases.Wildcards(alias))
            {
                if (Find(view, candidate, query) is not Service service)
                {
                    continue;
                }

                // A stripped name is told by CNAME, so that the client sees what was served; a wildcard answers as asked.
                bool isWildcard = candidate.StartsWith('*');
                string? canonical = isWildcard ? null : stripped;
                return new NameAnswer(canonical, canonical ?? asked, Addresses(view, service, query), service);
            }
        }

        return null;
    }

    /// <summary>The search domains of a client in shared mode: <c>ns.svc.D</c>, <c>svc.D</c>, <c>D</c>.</summary>
    public static IReadOnlyList<string> SearchDomains(string clientNamespace, string clusterDomain) =>
        [$"{clientNamespace}.svc.{clusterDomain}", $"svc.{clusterDomain}", clusterDomain];

    /// <summary>The names to try in order, each with the stripped name it comes from; the first of equal ones counts.</summary>
    private static IEnumerable<(string Alias, string? Stripped)> Aliases(string asked, string clientNamespace, string clusterDomain, IReadOnlyList<string> searchDomains)
    {
        HashSet<string> seen = new(StringComparer.Ordinal) { asked };
        yield return (asked, null);
        foreach (string expanded in NameAliases.Expand(asked, clientNamespace, clusterDomain))
        {
            if (seen.Add(expanded))
            {
                yield return (expanded, null);
            }
        }

        foreach (string domain in searchDomains)
        {
            if (!NameAliases.TryStrip(asked, domain, out string? stripped))
            {
                continue;
            }

            if (seen.Add(stripped))
            {
                yield return (stripped, stripped);
            }

            foreach (string expanded in NameAliases.Expand(stripped, clientNamespace, clusterDomain))
            {
                if (seen.Add(expanded))
                {
                    yield return (expanded, stripped);
                }
            }
        }
    }

    /// <summary>The client's choice among the Services with exactly this hostname that have an address, or are headless ones of the cluster.</summary>
    private static Service? Find(MeshView view, string hostname, in NameQuery query)
    {
        if (!view.Hosts.TryFind(hostname, out NamedSlot<Service> slot))
        {
            return null;
        }

        bool isOfCluster = hostname.EndsWith($".svc.{query.ClusterDomain}", StringComparison.Ordinal);
        OneOrMany<Service> served = default;
        for (int i = 0; i < slot.Items.Count; i++)
        {
            if (isOfCluster || slot.Items[i].Vips.Count > 0)
            {
                served = served.Appended(slot.Items[i]);
            }
        }

        return ServiceChoice.Choose(served, query.Client.Namespace, query.PreferredNamespace);
    }

    private static List<IpAddress> Addresses(MeshView view, Service service, in NameQuery query)
    {
        List<IpAddress> addresses = [];
        bool ipv4 = !query.IsIPv6;
        bool excluded = service.IpFamilies == (ipv4 ? IpFamilies.IPv6Only : IpFamilies.IPv4Only) || (query.IsIPv6 && !query.IsIPv6Enabled);
        if (excluded)
        {
            return addresses;
        }

        foreach (NetworkAddress vip in service.Vips)
        {
            if (vip.Address.IsIPv4 == ipv4 && vip.Network == query.Client.Network)
            {
                addresses.Add(vip.Address);
            }
        }

        if (service.Vips.Count == 0)
        {
            foreach (Workload workload in view.EndpointWorkloads(service))
            {
                if (workload.TryGetAddress(ipv4, out IpAddress address))
                {
                    addresses.Add(address);
                }
            }
        }

        (query.Random ?? Random.Shared).Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(addresses));
        return addresses;
    }
}
