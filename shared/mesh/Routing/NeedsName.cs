using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;

namespace Ambient.Mesh.Routing;

/// <summary>The chosen workload has a hostname instead of an address; the decision goes on with <see cref="Complete"/>. Immutable.</summary>
/// <param name="Hostname">What to resolve, with the proxy's own resolver.</param>
/// <param name="PrefersIPv4">The family that is taken when both are there.</param>
/// <param name="WorkloadUid">For the error text.</param>
public sealed record NeedsName(string Hostname, bool PrefersIPv4, string WorkloadUid) : Destination
{
    /// <summary>The rest of the decision, given an address.</summary>
    internal Func<IpAddress, Destination>? Resume { get; init; }

    /// <summary>Goes on with one of the addresses: a random one of the preferred family, else a random one of the other; refuses when there is none.</summary>
    public Destination Complete(ReadOnlySpan<IpAddress> addresses, Random random)
    {
        int preferred = 0;
        foreach (IpAddress address in addresses)
        {
            preferred += address.IsIPv4 == PrefersIPv4 ? 1 : 0;
        }

        int left = random.Next(preferred > 0 ? preferred : Math.Max(addresses.Length, 1));
        foreach (IpAddress address in addresses)
        {
            if ((preferred == 0 || address.IsIPv4 == PrefersIPv4) && left-- == 0)
            {
                return Resume!(address);
            }
        }

        return new Refused(CloseReason.NameNotResolved, $"no ip addresses were resolved for workload: {WorkloadUid}") { Upstream = Upstream, Intended = Intended };
    }
}
