using Ambient.Mesh.Addresses;
using Ambient.Mesh.Indexes;

namespace Ambient.Mesh.Policies;

/// <summary>A fact that a connection may have, by which rules are found. Immutable.</summary>
internal readonly struct RuleKey : IEquatable<RuleKey>
{
    private readonly string? _first;
    private readonly string? _second;
    private readonly IpPrefix _prefix;
    private readonly uint _hash;

    private RuleKey(RuleDimension dimension, string? first, string? second, IpPrefix prefix, uint hash)
    {
        Dimension = dimension;
        _first = first;
        _second = second;
        _prefix = prefix;
        _hash = hash ^ ((uint)dimension * 0x9E37_79B9);
    }

    internal RuleDimension Dimension { get; }

    internal IpPrefix Prefix => _prefix;

    public bool Equals(RuleKey other) =>
        _hash == other._hash && Dimension == other.Dimension && _prefix == other._prefix && _first == other._first && _second == other._second;

    public override bool Equals(object? obj) => obj is RuleKey other && Equals(other);

    public override int GetHashCode() => (int)_hash;

    internal static RuleKey Account(string @namespace, string account) =>
        new(RuleDimension.Account, @namespace, account, default, TextHash.Of(@namespace, account));

    internal static RuleKey Principal(string principal) => new(RuleDimension.Principal, principal, null, default, TextHash.Of(principal));

    internal static RuleKey Namespace(string name) => new(RuleDimension.Namespace, name, null, default, TextHash.Of(name));

    internal static RuleKey Source(IpPrefix prefix) => new(RuleDimension.Source, null, null, prefix, (uint)prefix.GetHashCode());

    internal static RuleKey Destination(IpPrefix prefix) => new(RuleDimension.Destination, null, null, prefix, (uint)prefix.GetHashCode());

    internal static RuleKey Port(ushort port)
    {
        // A port travels as the low bits of an address, which keeps the key small.
        _ = IpPrefix.TryCreate(IpAddress.FromIPv4(port), 32, out IpPrefix prefix);
        return new RuleKey(RuleDimension.Port, null, null, prefix, (uint)prefix.GetHashCode());
    }
}
