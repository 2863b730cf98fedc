using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;

namespace Ambient.Mesh.Indexes;

/// <summary>Everything that has an address on one network. Immutable.</summary>
internal sealed class NetworkTable
{
    internal required string Network { get; init; }

    /// <summary>Workloads; the best of those that share an address comes first.</summary>
    internal required PersistentTrie<IpAddress, WorkloadsAt, WorkloadByAddress> Workloads { get; init; }

    /// <summary>Services by exact address, the first inserted first.</summary>
    internal required PersistentTrie<IpAddress, ServicesAt, ServiceByAddress> Vips { get; init; }

    /// <summary>Services by address range, the first inserted first.</summary>
    internal required PersistentTrie<IpPrefix, RangeSlot, ByRange> Ranges { get; init; }

    /// <summary>The lengths of the ranges in use, longest first, and how many ranges have each.</summary>
    internal required RangeLengths V4Lengths { get; init; }

    /// <summary>As <see cref="V4Lengths"/>.</summary>
    internal required RangeLengths V6Lengths { get; init; }

    internal bool IsEmpty => Workloads.Count + Vips.Count + Ranges.Count == 0;

    /// <summary>The Service for an address: exact ones first, then ranges (ztunnel.md 3.2).</summary>
    internal Service? FindService(IpAddress address, string? clientNamespace)
    {
        if (Vips.TryFind(address, out ServicesAt slot)
            && ServiceChoice.Choose(slot.Items, clientNamespace, preferredNamespace: null) is Service exact)
        {
            return exact;
        }

        return Ranges.Count == 0 ? null : FindByRange(address, clientNamespace);
    }

    /// <summary>One probe for each length in use, so the number of ranges doesn't matter. Best by own namespace, length, canonical mark.</summary>
    private Service? FindByRange(IpAddress address, string? clientNamespace)
    {
        Service? best = null;
        RangeLengths lengths = address.IsIPv4 ? V4Lengths : V6Lengths;
        for (int i = 0; i < lengths.Count; i++)
        {
            _ = IpPrefix.TryCreate(address, lengths[i], out IpPrefix range);
            if (!Ranges.TryFind(range, out RangeSlot slot)
                || ServiceChoice.Choose(slot.Services, clientNamespace, preferredNamespace: null) is not Service found)
            {
                continue;
            }

            if (clientNamespace is null || found.Namespace == clientNamespace)
            {
                return found;
            }

            best ??= found;
        }

        return best;
    }
}
