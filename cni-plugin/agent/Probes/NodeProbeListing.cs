using System.Globalization;
using System.Net;

namespace Ambient.Cni.Agent.Probes;

/// <summary>What <c>nft list table</c> says of the node's rules, compared with what was written. Pure.</summary>
internal static class NodeProbeListing
{
    /// <summary>
    /// Whether both rules and all elements are there, and nothing else. What cannot be read is not as it was written: then it is written again, which harms nobody.
    /// </summary>
    public static bool IsAsWritten(string listing, IReadOnlySet<(IPAddress Address, int Port)> targets, uint kubeletUser, IPAddress source, IPAddress sourceV6)
    {
        ArgumentNullException.ThrowIfNull(listing);
        ArgumentNullException.ThrowIfNull(targets);
        HashSet<(IPAddress, int)> found = [];
        int start = 0;
        while (listing.IndexOf("elements = {", start, StringComparison.Ordinal) is >= 0 and int at)
        {
            start = at + "elements = {".Length;
            int end = listing.IndexOf('}', start);
            if (end < 0 || !TryReadElements(listing[start..end], found))
            {
                return false;
            }

            start = end;
        }

        string[] rules = [.. listing.Split('\n').Select(l => l.Trim())
            .SkipWhile(l => !l.StartsWith("type nat hook postrouting ", StringComparison.Ordinal)).Skip(1).TakeWhile(l => l != "}").Where(l => l.Length > 0)];
        return found.SetEquals(targets)
            && rules.Length == 2
            && IsRule(rules[0], kubeletUser, " ip daddr . tcp dport @probes-v4 ", " snat ip to ", source)
            && IsRule(rules[1], kubeletUser, " ip6 daddr . tcp dport @probes-v6 ", " snat ip6 to ", sourceV6);
    }

    private static bool IsRule(string rule, uint user, string target, string verdict, IPAddress source) =>
        rule.Contains(string.Create(CultureInfo.InvariantCulture, $"skuid {user} "), StringComparison.Ordinal)
        && rule.Contains(target, StringComparison.Ordinal)
        && rule.LastIndexOf(verdict, StringComparison.Ordinal) is >= 0 and int at
        && IPAddress.TryParse(rule[(at + verdict.Length)..], out IPAddress? found) && found.Equals(source);

    private static bool TryReadElements(string text, HashSet<(IPAddress Address, int Port)> found)
    {
        foreach (string element in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] ends = element.Split(" . ");
            if (ends.Length != 2 || !IPAddress.TryParse(ends[0], out IPAddress? address) || !int.TryParse(ends[1], NumberStyles.None, CultureInfo.InvariantCulture, out int port))
            {
                return false;
            }

            found.Add((address, port));
        }

        return true;
    }
}
