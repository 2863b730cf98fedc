using System.Globalization;
using System.Net;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Agent.Discovery;

/// <summary>The addresses of a namespace's interfaces, from the kernel's own tables.</summary>
public static class InterfaceAddresses
{
    /// <summary>All but loopback's and link-local ones. Throws <see cref="Linux.LinuxException"/> when the namespace cannot be entered, <see cref="IOException"/> when it cannot be read.</summary>
    public static IReadOnlyCollection<IPAddress> Read(NetworkNamespace network)
    {
        ArgumentNullException.ThrowIfNull(network);
        (string v4, string v6) = network.Run(() => (
            File.ReadAllText("/proc/thread-self/net/fib_trie"),
            File.Exists("/proc/thread-self/net/if_inet6") ? File.ReadAllText("/proc/thread-self/net/if_inet6") : ""));
        return [.. ParseFibTrie(v4).Union(ParseInet6(v6))];
    }

    /// <summary>Local addresses of <c>/proc/net/fib_trie</c>: a line with the address, then one that says host LOCAL.</summary>
    public static IEnumerable<IPAddress> ParseFibTrie(string text)
    {
        IPAddress? last = null;
        foreach (string line in text.Split('\n'))
        {
            string trimmed = line.Trim();
            if (trimmed.StartsWith("|--", StringComparison.Ordinal))
            {
                _ = IPAddress.TryParse(trimmed[3..].Trim(), out last);
            }
            else if (last is not null && trimmed.StartsWith("/32 host LOCAL", StringComparison.Ordinal) && !IPAddress.IsLoopback(last))
            {
                yield return last;
            }
        }
    }

    /// <summary>Addresses of <c>/proc/net/if_inet6</c>: 32 digits, then interface, prefix, scope.</summary>
    public static IEnumerable<IPAddress> ParseInet6(string text)
    {
        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 4 || words[0].Length != 32 || !UInt128.TryParse(words[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out UInt128 number))
            {
                continue;
            }

            byte[] bytes = new byte[16];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
            var address = new IPAddress(bytes);
            if (!IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal)
            {
                yield return address;
            }
        }
    }
}
