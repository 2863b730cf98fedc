using Ambient.Mesh.Services;

namespace Ambient.Mesh.Indexes;

/// <summary>Chooses among Services that share an address or a hostname (ztunnel.md 3.2).</summary>
internal static class ServiceChoice
{
    /// <summary>
    /// Of the visible ones: the client's namespace, else a canonical one, else the preferred namespace (DNS only), else the
    /// first inserted. Null when none is visible.
    /// </summary>
    internal static Service? Choose(OneOrMany<Service> services, string? clientNamespace, string? preferredNamespace)
    {
        Service? best = null;
        int bestRank = -1;
        for (int i = 0; i < services.Count; i++)
        {
            Service service = services[i];
            if (!service.IsVisibleTo(clientNamespace))
            {
                continue;
            }

            int rank = Rank(service, clientNamespace, preferredNamespace);
            if (rank > bestRank)
            {
                (best, bestRank) = (service, rank);
            }
        }

        return best;
    }

    private static int Rank(Service service, string? clientNamespace, string? preferredNamespace) =>
        clientNamespace is not null && service.Namespace == clientNamespace ? 3
        : service.IsCanonical ? 2
        : preferredNamespace is not null && service.Namespace == preferredNamespace ? 1
        : 0;
}
