using System.Net;

namespace Ambient.Ztunnel.Settings;

/// <summary>Where the DNS proxy listens in a pod (<c>DNS_PROXY_ADDR</c>). Immutable.</summary>
/// <param name="Address">The one address; null for both loopback addresses.</param>
/// <param name="Port">Port.</param>
public sealed record DnsAddress(IPAddress? Address, int Port)
{
    /// <summary>Reads <c>localhost:port</c> or <c>address:port</c>.</summary>
    public static DnsAddress? Parse(string text)
    {
        const string Both = "localhost:";
        if (text.StartsWith(Both, StringComparison.Ordinal))
        {
            return ushort.TryParse(text.AsSpan(Both.Length), System.Globalization.NumberStyles.None, null, out ushort port) ? new DnsAddress(null, port) : null;
        }

        // A bare IPv6 address would be read as one without port.
        bool hasPort = text.StartsWith('[') ? text.Contains("]:", StringComparison.Ordinal) : text.Count(c => c == ':') == 1;
        return hasPort && IPEndPoint.TryParse(text, out IPEndPoint? address) ? new DnsAddress(address.Address, address.Port) : null;
    }
}
