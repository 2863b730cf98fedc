using System.Globalization;
using System.Net;
using Ambient.Cni.Redirection.Rules;
using Ambient.Linux.Routing;

namespace Ambient.Cni.Redirection.Routing;

/// <summary>A route of ours: everything that asks this table is local. Immutable.</summary>
/// <param name="Table">The table.</param>
/// <param name="Source">The source of connections that do not bind one; null leaves the choice to the kernel.</param>
internal sealed record RoutingRoute(int Table, IPAddress? Source = null)
{
    /// <summary>The words behind <c>ip route replace</c>; <c>del</c> takes them as well.</summary>
    public string[] Words(string family)
    {
        string[] words = ["local", family == "-4" ? "0.0.0.0/0" : "::/0", "dev", "lo", "table", Table.ToString(CultureInfo.InvariantCulture)];
        return Source is null ? words : [.. words, "src", Source.ToString()];
    }

    /// <summary>The route as the kernel lists it.</summary>
    public KernelRoute ToKernel(RuleFamily family) => new(family == RuleFamily.IPv6, (uint)Table, Source);

    /// <summary>Whether a route of the kernel is this one.</summary>
    public bool Is(KernelRoute found) => IsInItsPlace(found) && (Source is null || Source.Equals(found.Source));

    /// <summary>The same, whatever its source.</summary>
    public bool IsInItsPlace(KernelRoute found) => found.Table == Table;
}
