using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Agent.Kernel;

/// <summary>
/// The guard as one nftables table: nothing enters or leaves the pod but over loopback, and what IPv6 needs to have an address at all. Before every
/// other table, so that no accept of another can pass it. Thread-safe for different namespaces.
/// </summary>
public sealed class NftGuard : IPodGuard
{
    /// <summary>Name of the table; whoever finds it in a pod knows that the pod is not proven.</summary>
    public const string Table = "ambient-guard";

    /// <inheritdoc/>
    public string TableName => Table;

    private const string Pass = "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept";

    /// <inheritdoc/>
    public async Task<(bool IsRaised, string? Error)> LookAsync(NetworkNamespace network, CancellationToken cancellation)
    {
        (int code, string output, string errors) = await Tool.RunAsync(network, ["nft", "list", "tables", "inet"], null, cancellation);
        return code == 0 ? (output.Split('\n').Contains("table inet " + Table), null) : (false, "the guard cannot be read: " + errors.Trim());
    }

    /// <inheritdoc/>
    public Task<string?> RaiseAsync(NetworkNamespace network, CancellationToken cancellation) => Tool.NftAsync(
        network,
        $$"""
        add table inet {{Table}}
        delete table inet {{Table}}
        table inet {{Table}} {
          chain input { type filter hook input priority -400; policy drop; iif lo accept; {{Pass}}; }
          chain forward { type filter hook forward priority -400; policy drop; }
          chain output { type filter hook output priority -400; policy drop; oif lo accept; {{Pass}}; }
        }
        """,
        cancellation);

    /// <inheritdoc/>
    public Task<string?> LiftAsync(NetworkNamespace network, CancellationToken cancellation) =>
        Tool.NftAsync(network, $"add table inet {Table}\ndelete table inet {Table}\n", cancellation);
}
