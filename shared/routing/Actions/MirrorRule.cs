using Ambient.Mesh.Services;
using Ambient.Protocol.L7;

namespace Ambient.Routing.Actions;

/// <summary>Who gets a copy of a share of the requests. Immutable.</summary>
public sealed class MirrorRule
{
    private readonly uint _share;

    internal MirrorRule(Mirror source)
    {
        Service = new NamespacedHostname(source.Destination.Namespace, source.Destination.Hostname);
        Port = (ushort)source.Destination.Port;
        Subset = source.Destination.Subset;
        SpeaksHttp2 = source.Destination.Http2;
        _share = source.Share;
    }

    /// <summary>The service.</summary>
    public NamespacedHostname Service { get; }

    /// <summary>Its port.</summary>
    public ushort Port { get; }

    /// <summary>The subset; empty for all endpoints.</summary>
    public string Subset { get; }

    /// <summary>Whether the port says that its endpoints are spoken to in HTTP/2.</summary>
    public bool SpeaksHttp2 { get; }

    /// <summary>Whether this request is copied, for a random number from [0, 1).</summary>
    public bool Copies(double random) => random * 1_000_000 < _share;

    /// <summary>The Host of a copy: the host has a suffix, the port stays.</summary>
    public static string ShadowAuthority(string authority)
    {
        int colon = authority.LastIndexOf(':');
        return colon < 0 || authority.EndsWith(']') ? authority + "-shadow" : string.Concat(authority.AsSpan(0, colon), "-shadow", authority.AsSpan(colon));
    }
}
