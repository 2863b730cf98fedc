using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Names;

namespace Ambient.Waypoint.Balancing;

/// <summary>Where the endpoints of a destination are, by their addresses or by what DNS says of their names (waypoint reference 2.5). For one use.</summary>
/// <param name="table">The names; null: nobody knows them.</param>
/// <param name="how">How names are understood.</param>
internal sealed class NamedEndpoints(NameTable? table, NameResolution? how)
{
    private readonly List<NameUse> _used = [];

    /// <summary>The names that were looked at.</summary>
    public IReadOnlyList<NameUse> Used => _used;

    /// <summary>The places of a workload.</summary>
    public IEnumerable<EndpointKey> Of(Workload workload, ushort port)
    {
        SpiffeId? identity = workload.Protocol == TunnelProtocol.None ? null : workload.Identity;
        if (workload.AddressCount > 0)
        {
            // Who takes HBONE is one process behind all of its addresses; of others nobody knows on which they listen.
            return [identity is null ? RaceOrder.Of(workload, port) : new EndpointKey(new IpPort(workload.AddressAt(0), port), identity)];
        }

        // Names that requests choose are no endpoints of their own.
        bool hasName = workload.Hostname.Length > 0 && !workload.Hostname.StartsWith('*');
        return !hasName || table is null || how is { Kind: NameResolution.Types.Kind.ByRequest or NameResolution.Types.Kind.AsDialled } ? [] : Of(table.Get(workload.Hostname), port, identity);
    }

    /// <summary>The places of a name.</summary>
    public IEnumerable<EndpointKey> Of(ResolvedName name, ushort port, SpiffeId? identity)
    {
        bool isOne = how is { Races: true } or { Kind: NameResolution.Types.Kind.First or NameResolution.Types.Kind.ByRequest };
        NameUse use = new(name, isOne, null);
        use = use with { Seen = use.Now };
        _used.Add(use);
        IpAddress[] all = use.Seen ?? [];
        IpAddress[] usual = Usual(all);
        return all.Length == 0 ? []
            : how is { Races: true } ? [RaceOrder.Of(all, port, identity)]
            : isOne ? [new EndpointKey(new IpPort(usual[0], port), identity)]
            : usual.Select(address => new EndpointKey(new IpPort(address, port), identity));
    }

    // Of two families the one that the pod's own network has first; the other when a name has nothing else.
    private static IpAddress[] Usual(IpAddress[] all)
    {
        IpAddress[] first = Array.FindAll(all, static address => address.IsIPv4);
        return first.Length > 0 ? first : all;
    }
}
