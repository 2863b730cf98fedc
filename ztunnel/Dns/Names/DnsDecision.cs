using Ambient.Linux.Sockets;

namespace Ambient.Ztunnel.Dns.Names;

/// <summary>Whether a name is the mesh's, and what it leads to (ztunnel.md 7.2, 7.3). Immutable.</summary>
public sealed class DnsDecision
{
    private DnsDecision(bool isServed, string? alias, SocketAddress[] addresses) => (IsServed, Alias, Addresses) = (isServed, alias, addresses);

    /// <summary>Not a name of the mesh: somebody else may know it.</summary>
    public static DnsDecision Forward { get; } = new(false, null, []);

    /// <summary>A name of the mesh without address of the family that was asked for.</summary>
    public static DnsDecision NoRecords { get; } = new(true, null, []);

    /// <summary>Whether the answer is ours to give.</summary>
    public bool IsServed { get; }

    /// <summary>Target of a CNAME that goes before the addresses, which then belong to it; or null.</summary>
    public string? Alias { get; }

    /// <summary>Addresses in the order in which they are given out; ports mean nothing.</summary>
    public ReadOnlyMemory<SocketAddress> Addresses { get; }

    /// <summary>A name of the mesh with these addresses.</summary>
    public static DnsDecision Answer(string? alias, SocketAddress[] addresses) => new(true, alias, addresses);
}
