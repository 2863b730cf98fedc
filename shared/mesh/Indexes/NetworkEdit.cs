using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Indexes;

/// <summary>Changes to the addresses of one network. For one writer.</summary>
internal sealed class NetworkEdit
{
    private readonly TrieEdit<IpAddress, WorkloadsAt, WorkloadByAddress> _workloads;
    private readonly TrieEdit<IpAddress, ServicesAt, ServiceByAddress> _vips;
    private readonly TrieEdit<IpPrefix, RangeSlot, ByRange> _ranges;
    private readonly string _network;
    private RangeLengths _v4 = RangeLengths.Empty;
    private RangeLengths _v6 = RangeLengths.Empty;

    internal NetworkEdit(string network)
    {
        _network = network;
        _workloads = default(PersistentTrie<IpAddress, WorkloadsAt, WorkloadByAddress>).Edit();
        _vips = default(PersistentTrie<IpAddress, ServicesAt, ServiceByAddress>).Edit();
        _ranges = default(PersistentTrie<IpPrefix, RangeSlot, ByRange>).Edit();
    }

    internal bool IsTouched { get; set; }

    internal NetworkTable Build()
    {
        IsTouched = false;
        return new NetworkTable
        {
            Network = _network,
            Workloads = _workloads.Build(),
            Vips = _vips.Build(),
            Ranges = _ranges.Build(),
            V4Lengths = _v4,
            V6Lengths = _v6,
        };
    }

    internal void Add(IpAddress address, Workload workload)
    {
        OneOrMany<Workload> items = _workloads.TryFind(address, out WorkloadsAt slot) ? slot.Items : default;

        // The best first; among equals the last inserted.
        int rank = workload.AddressRank(), at = 0;
        while (at < items.Count && items[at].AddressRank() > rank)
        {
            at++;
        }

        _workloads.Set(address, new WorkloadsAt(address, items.Inserted(at, workload)));
    }

    internal void Remove(IpAddress address, Workload workload)
    {
        if (_workloads.TryFind(address, out WorkloadsAt slot))
        {
            OneOrMany<Workload> items = slot.Items.Without(workload);
            if (items.IsEmpty)
            {
                _ = _workloads.Remove(address);
            }
            else
            {
                _workloads.Set(address, new WorkloadsAt(address, items));
            }
        }
    }

    /// <summary>Puts <paramref name="now"/> in the place of <paramref name="before"/>; either may be null.</summary>
    internal void Replace(IpAddress address, Service? before, Service? now)
    {
        OneOrMany<Service> items = Replaced(_vips.TryFind(address, out ServicesAt slot) ? slot.Items : default, before, now);
        if (items.IsEmpty)
        {
            _ = _vips.Remove(address);
        }
        else
        {
            _vips.Set(address, new ServicesAt(address, items));
        }
    }

    /// <summary>Puts <paramref name="now"/> in the place of <paramref name="before"/>; either may be null.</summary>
    internal void Replace(IpPrefix range, Service? before, Service? now)
    {
        bool known = _ranges.TryFind(range, out RangeSlot slot);
        OneOrMany<Service> items = Replaced(known ? slot.Services : default, before, now);
        if (items.IsEmpty)
        {
            if (_ranges.Remove(range))
            {
                Adjust(range, -1);
            }

            return;
        }

        _ranges.Set(range, new RangeSlot(range, items));
        if (!known)
        {
            Adjust(range, 1);
        }
    }

    internal static OneOrMany<Service> Replaced(OneOrMany<Service> items, Service? before, Service? now) => (before, now) switch
    {
        (null, null) => items,
        (null, _) => items.Appended(now),
        (_, null) => items.Without(before),
        _ => items.Replaced(before, now),
    };

    private void Adjust(IpPrefix range, int by)
    {
        if (range.Network.IsIPv4)
        {
            _v4 = _v4.Adjusted(range.Length, by);
        }
        else
        {
            _v6 = _v6.Adjusted(range.Length, by);
        }
    }
}
