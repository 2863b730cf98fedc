using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Ambient.Mesh.Addresses;

namespace Ambient.Mesh.Routing;

/// <summary>The authority of a CONNECT: an address or a hostname, and a port (ztunnel.md 2.4). Immutable.</summary>
public sealed record ConnectTarget
{
    private const int MaxHostLength = 255;
    private static readonly SearchValues<char> NeverInHosts = SearchValues.Create(":[]/\\?#\"<>");

    private ConnectTarget(IpAddress? address, string hostname, ushort port)
    {
        Address = address;
        Hostname = hostname;
        Port = port;
    }

    /// <summary>The address; null when a hostname is named.</summary>
    public IpAddress? Address { get; }

    /// <summary>The hostname, as received; empty when an address is named.</summary>
    public string Hostname { get; }

    /// <summary>The port, never 0.</summary>
    public ushort Port { get; }

    /// <summary>
    /// Reads an authority. What reads as a socket address is one; anything else with a host and a port is a hostname. False
    /// without host or port, with port 0 or above 65535, with a colon outside brackets, and with characters that no host has.
    /// </summary>
    public static bool TryParse(string authority, [NotNullWhen(true)] out ConnectTarget? target)
    {
        target = null;
        if (IpPort.TryParse(authority, out IpPort numeric))
        {
            target = numeric.Port == 0 ? null : new ConnectTarget(numeric.Address, "", numeric.Port);
            return target is not null;
        }

        int colon = authority.LastIndexOf(':');
        if (colon is <= 0 or > MaxHostLength || !IpPort.TryParsePort(authority.AsSpan(colon + 1), out ushort port) || port == 0
            || authority.AsSpan(0, colon).ContainsAny(NeverInHosts) || authority.AsSpan(0, colon).ContainsAnyExceptInRange('!', '~'))
        {
            return false;
        }

        target = new ConnectTarget(null, authority[..colon], port);
        return true;
    }
}
