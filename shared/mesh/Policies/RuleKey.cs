using Ambient.Mesh.Addresses;
using Ambient.Mesh.Indexes;

namespace Ambient.Mesh.Policies;

/// <summary>A fact that a connection may have, by which rules are found. Texts are slices, so that probing for a prefix copies nothing. Immutable.</summary>
internal readonly struct RuleKey : IEquatable<RuleKey>
{
    private readonly string? _text;
    private readonly string? _second;
    private readonly int _start;
    private readonly int _length;
    private readonly IpPrefix _prefix;
    private readonly uint _hash;

    private RuleKey(RuleDimension dimension, string text, int start, int length, string? second)
    {
        Dimension = dimension;
        _text = text;
        _second = second;
        _start = start;
        _length = length;
        _hash = Mix(dimension, second is null ? TextHash.Of(Text) : TextHash.Of(text, second));
    }

    private RuleKey(RuleDimension dimension, IpPrefix prefix)
    {
        Dimension = dimension;
        _prefix = prefix;
        _hash = Mix(dimension, (uint)prefix.GetHashCode());
    }

    internal RuleDimension Dimension { get; }

    internal IpPrefix Prefix => _prefix;

    internal int TextLength => _length;

    private ReadOnlySpan<char> Text => _text.AsSpan(_start, _length);

    public bool Equals(RuleKey other) =>
        _hash == other._hash && Dimension == other.Dimension && _prefix == other._prefix && Text.SequenceEqual(other.Text) && _second == other._second;

    public override bool Equals(object? obj) => obj is RuleKey other && Equals(other);

    public override int GetHashCode() => (int)_hash;

    internal static RuleKey Account(string @namespace, string account) => new(RuleDimension.Account, @namespace, 0, @namespace.Length, account);

    /// <summary>A text that is exactly this.</summary>
    internal static RuleKey Whole(RuleDimension dimension, string text) => new(dimension, text, 0, text.Length, null);

    /// <summary>A text that begins with the first <paramref name="length"/> characters of this.</summary>
    internal static RuleKey Head(RuleDimension dimension, string text, int length) => new(dimension, text, 0, length, null);

    /// <summary>A text that ends with the last <paramref name="length"/> characters of this.</summary>
    internal static RuleKey Tail(RuleDimension dimension, string text, int length) => new(dimension, text, text.Length - length, length, null);

    internal static RuleKey Source(IpPrefix prefix) => new(RuleDimension.Source, prefix);

    internal static RuleKey Destination(IpPrefix prefix) => new(RuleDimension.Destination, prefix);

    internal static RuleKey Port(ushort port)
    {
        // A port travels as the low bits of an address, which keeps the key small.
        _ = IpPrefix.TryCreate(IpAddress.FromIPv4(port), 32, out IpPrefix prefix);
        return new RuleKey(RuleDimension.Port, prefix);
    }

    private static uint Mix(RuleDimension dimension, uint hash) => hash ^ ((uint)dimension * 0x9E37_79B9);
}
