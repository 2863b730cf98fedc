using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ambient.Cni.Agent.Probes;

/// <summary>The node's rules as nft text (cni-and-redirection.md 6): only the kubelet's user, only pods of the mesh, only ports that are probed. Pure.</summary>
internal static class NodeProbeText
{
    /// <summary>Our table on the node.</summary>
    public const string Table = "ambient-probes";

    /// <summary>The whole table, replaced in one transaction.</summary>
    public static string Render(IEnumerable<(IPAddress Address, int Port)> targets, uint kubeletUser, IPAddress source, IPAddress sourceV6)
    {
        (IPAddress Address, int Port)[] all = [.. targets.Distinct().OrderBy(t => t.Address.ToString(), StringComparer.Ordinal).ThenBy(t => t.Port)];
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"add table inet {Table}\ndelete table inet {Table}\ntable inet {Table} {{\n");
        AppendSet(text, "probes-v4", "ipv4_addr", all.Where(t => t.Address.AddressFamily == AddressFamily.InterNetwork));
        AppendSet(text, "probes-v6", "ipv6_addr", all.Where(t => t.Address.AddressFamily == AddressFamily.InterNetworkV6));

        // Before the masquerading of any CNI (100). A forwarded packet has no user, so only the node's own sockets match.
        text.Append("  chain postrouting {\n    type nat hook postrouting priority 90; policy accept;\n");
        text.Append(CultureInfo.InvariantCulture, $"    meta l4proto tcp meta skuid {kubeletUser} ip daddr . tcp dport @probes-v4 counter snat ip to {source}\n");
        text.Append(CultureInfo.InvariantCulture, $"    meta l4proto tcp meta skuid {kubeletUser} ip6 daddr . tcp dport @probes-v6 counter snat ip6 to {sourceV6}\n");
        return text.Append("  }\n}\n").ToString();
    }

    /// <summary>What comes and goes, as one transaction; empty when nothing does. It fails as a whole when the table is not as it was left.</summary>
    public static string Change(IEnumerable<(IPAddress Address, int Port)> added, IEnumerable<(IPAddress Address, int Port)> removed)
    {
        var text = new StringBuilder();
        foreach ((string verb, IEnumerable<(IPAddress Address, int Port)> elements) in new[] { ("add", added), ("delete", removed) })
        {
            foreach (IGrouping<bool, (IPAddress Address, int Port)> family in elements.GroupBy(e => e.Address.AddressFamily == AddressFamily.InterNetwork))
            {
                text.Append(CultureInfo.InvariantCulture, $"{verb} element inet {Table} {(family.Key ? "probes-v4" : "probes-v6")} {{ {ListOf(family)} }}\n");
            }
        }

        return text.ToString();
    }

    private static string ListOf(IEnumerable<(IPAddress Address, int Port)> elements) =>
        string.Join(", ", elements.Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.Address} . {e.Port}")));

    private static void AppendSet(StringBuilder text, string name, string type, IEnumerable<(IPAddress Address, int Port)> elements)
    {
        text.Append(CultureInfo.InvariantCulture, $"  set {name} {{\n    type {type} . inet_service\n");
        string list = ListOf(elements);
        if (list.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"    elements = {{ {list} }}\n");
        }

        text.Append("  }\n");
    }
}
