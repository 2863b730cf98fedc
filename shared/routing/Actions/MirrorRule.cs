using Ambient.Protocol.L7;

namespace Ambient.Routing.Actions;

/// <summary>Who gets a copy of a share of the requests. Immutable.</summary>
public sealed class MirrorRule
{
    private readonly uint _share;

    internal MirrorRule(Mirror source)
    {
        Target = new Target(new WeightedTarget { Destination = source.Destination });
        _share = source.Share;
    }

    /// <summary>Where copies go.</summary>
    public Target Target { get; }

    /// <summary>Whether this request is copied, for a random number from [0, 1).</summary>
    public bool Copies(double random) => random * 1_000_000 < _share;

    /// <summary>The Host of a copy: the host has a suffix, the port stays.</summary>
    public static string ShadowAuthority(string authority)
    {
        int colon = authority.LastIndexOf(':');
        return colon < 0 || authority.EndsWith(']') ? authority + "-shadow" : string.Concat(authority.AsSpan(0, colon), "-shadow", authority.AsSpan(colon));
    }
}
