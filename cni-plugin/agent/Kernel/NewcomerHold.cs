using System.Globalization;
using System.Text;
using Ambient.Cni.Redirection.Rules;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Netfilter;

namespace Ambient.Cni.Agent.Kernel;

/// <summary>
/// A table in a pod's namespace that drops what opens a connection to the proxy, where the kernel would refuse it while there is none: who asks hears
/// nothing and asks again. It drops and never accepts, so nothing passes because of it; connections that are open, the node's probes and what the pod
/// says to itself are not touched. Thread-safe.
/// </summary>
internal static class NewcomerHold
{
    /// <summary>Its name (family inet).</summary>
    public const string Table = "ambient-hold";

    private const string Opening = "tcp flags & (fin | syn | rst | ack) == syn";

    /// <summary>The whole table, in one transaction.</summary>
    public static string Render(RedirectionOptions options)
    {
        RedirectionPorts ports = options.Ports;
        var text = new StringBuilder($"add table inet {Table}\ndelete table inet {Table}\n");
        text.Append(CultureInfo.InvariantCulture, $"table inet {Table} {{\n  chain input {{\n    type filter hook input priority -400; policy accept;\n");
        text.Append(CultureInfo.InvariantCulture, $"    tcp dport {{ {ports.Outbound}, {ports.Inbound}, {ports.Hbone} }} {Opening} drop\n");
        if (options.DnsCapture)
        {
            text.Append(CultureInfo.InvariantCulture, $"    tcp dport {ports.Dns} {Opening} drop\n    udp dport {ports.Dns} drop\n");
        }

        text.Append("  }\n");
        if (options.Method == RedirectionMethod.Sockets)
        {
            AppendTransparent(text, options);
        }

        return text.Append("}\n").ToString();
    }

    /// <summary>
    /// Takes it away whichever back end made the rules; one that is not there is none to complain about. Throws <see cref="LinuxException"/>.
    /// </summary>
    public static void Remove(NetworkNamespace network)
    {
        if (!NftBatch.HasTable(network, Table))
        {
            return;
        }

        var batch = new NftBatch();
        batch.AddTable(Table);
        batch.DeleteTable(Table);
        Errno error = batch.TryCommit(network, out IDisposable remains);

        // Nobody has to wait for the kernel's tidying up, least of all connections.
        ThreadPool.UnsafeQueueUserWorkItem(static r => r.Dispose(), remains, preferLocal: false);
        if (error != Errno.None)
        {
            throw new LinuxException("nftables", network.Name, error);
        }
    }

    /// <summary>Where nothing is translated, packets are refused before they get to a port: just before the rules (-150) that would.</summary>
    private static void AppendTransparent(StringBuilder text, RedirectionOptions options)
    {
        text.Append("  chain prerouting {\n    type filter hook prerouting priority -160; policy accept;\n");
        text.Append(CultureInfo.InvariantCulture, $"    iifname \"lo\" {Opening} fib daddr type != local drop\n");
        if (!options.IngressMode)
        {
            text.Append(CultureInfo.InvariantCulture, $"    iifname != \"lo\" ip saddr != {options.ProbeAddress} tcp dport != {options.Ports.Hbone} {Opening} drop\n");
            text.Append(CultureInfo.InvariantCulture, $"    iifname != \"lo\" ip6 saddr != {options.ProbeAddressV6} tcp dport != {options.Ports.Hbone} {Opening} drop\n");
        }

        text.Append("  }\n");
    }
}
