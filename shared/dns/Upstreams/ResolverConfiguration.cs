using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Ambient.Linux.Sockets;

namespace Ambient.Dns.Upstreams;

/// <summary>Nameservers and options of a resolv.conf (resolv.conf(5)). Immutable.</summary>
public sealed record ResolverConfiguration
{
    private const ushort DnsPort = 53;

    /// <summary>Whom to ask, in order.</summary>
    public required IReadOnlyList<SocketAddress> Servers { get; init; }

    /// <summary>Search list; in shared mode the pod's is assumed instead and this one ignored.</summary>
    public IReadOnlyList<string> Search { get; init; } = [];

    /// <summary>
    /// How long one server may take. Shorter than the C library's 5 s by default, because an application that asks us gives up
    /// after 5 s itself: its SERVFAIL must come before that.
    /// </summary>
    public TimeSpan AttemptLimit { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Rounds over all servers.</summary>
    public int Attempts { get; init; } = 2;

    /// <summary>When a query gets its SERVFAIL at the latest.</summary>
    public TimeSpan TotalLimit { get; init; } = TimeSpan.FromSeconds(4.5);

    /// <summary>Names with fewer dots are looked for in the search list first.</summary>
    public int MinDots { get; init; } = 1;

    /// <summary>Whether each query begins with the next server.</summary>
    public bool Rotate { get; init; }

    /// <summary>Reads a file such as /etc/resolv.conf.</summary>
    /// <param name="path">The file.</param>
    /// <param name="wayOut">What one may do instead; it ends the messages.</param>
    /// <exception cref="InvalidDataException">It cannot be read, or names no server; the message says which file and what to do.</exception>
    public static ResolverConfiguration Read(string path, string wayOut)
    {
        try
        {
            return TryParse(File.ReadAllText(path), out ResolverConfiguration? configuration, out string? error)
                ? configuration
                : throw new InvalidDataException($"{path}: {error}; {wayOut}");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"{path} cannot be read: {unreadable.Message}; {wayOut}", unreadable);
        }
    }

    /// <summary>Reads /etc/resolv.conf text; false when it names no server, with the reason. Unknown lines are ignored as everywhere.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ResolverConfiguration? configuration, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        var servers = new List<SocketAddress>();
        string[] search = [];
        var options = new ResolverConfiguration { Servers = servers };
        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2 || words[0][0] is '#' or ';')
            {
                continue;
            }

            switch (words[0])
            {
                case "nameserver" when TryServer(words[1], out SocketAddress server):
                    servers.Add(server);
                    break;
                case "domain" or "search":
                    search = [.. words[1..].Select(w => w.TrimEnd('.').ToLowerInvariant()).Where(w => w.Length > 0)];
                    break;
                case "options":
                    options = words[1..].Aggregate(options, WithOption);
                    break;
                default:
                    break;
            }
        }

        error = servers.Count == 0 ? "no nameserver in the resolver configuration" : null;
        configuration = error is null ? options with { Servers = servers, Search = search } : null;
        return error is null;
    }

    private static bool TryServer(string text, out SocketAddress server)
    {
        server = default;
        if (!System.Net.IPAddress.TryParse(text, out System.Net.IPAddress? address))
        {
            return false;
        }

        uint scope = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? (uint)address.ScopeId : 0;
        server = SocketAddress.From(address.GetAddressBytes(), DnsPort, scope);
        return true;
    }

    private static ResolverConfiguration WithOption(ResolverConfiguration options, string word)
    {
        int colon = word.IndexOf(':', StringComparison.Ordinal);
        string name = colon < 0 ? word : word[..colon];
        bool number = int.TryParse(colon < 0 ? string.Empty : word[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int value);
        return name switch
        {
            // Bounds of the C library.
            "timeout" when number => options with { AttemptLimit = TimeSpan.FromSeconds(Math.Clamp(value, 1, 30)), TotalLimit = TimeSpan.FromSeconds(Math.Clamp(value * 2, 5, 60)) },
            "attempts" when number => options with { Attempts = Math.Clamp(value, 1, 5) },
            "ndots" when number => options with { MinDots = Math.Clamp(value, 0, 15) },
            "rotate" => options with { Rotate = true },
            _ => options,
        };
    }
}
