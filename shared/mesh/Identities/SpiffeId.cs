using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Ambient.Mesh.Identities;

/// <summary>A workload's SPIFFE identity, <c>spiffe://trust-domain/ns/namespace/sa/account</c>. Immutable; equality is byte-exact.</summary>
public sealed record SpiffeId
{
    /// <summary>Longest text that is read (the SPIFFE specification's limit).</summary>
    public const int MaxLength = 2048;

    private const string Scheme = "spiffe://";
    private readonly string _text;
    private IdentitySet? _alone;
    private string? _principal;

    /// <summary>An identity of the model. The parts aren't judged: one with odd characters simply never equals what <see cref="TryParse(string, out SpiffeId?)"/> reads.</summary>
    public SpiffeId(string trustDomain, string @namespace, string serviceAccount)
    {
        TrustDomain = trustDomain;
        Namespace = @namespace;
        ServiceAccount = serviceAccount;
        _text = $"{Scheme}{trustDomain}/ns/{@namespace}/sa/{serviceAccount}";
    }

    /// <summary>Such as <c>cluster.local</c>.</summary>
    public string TrustDomain { get; }

    /// <summary>The Kubernetes namespace.</summary>
    public string Namespace { get; }

    /// <summary>The Kubernetes service account.</summary>
    public string ServiceAccount { get; }

    /// <summary>The text without the scheme, as policies name it: <c>trust-domain/ns/namespace/sa/account</c>.</summary>
    public string Principal => _principal ??= _text[Scheme.Length..];

    /// <summary>The set with this identity alone; made once.</summary>
    public IdentitySet Alone => _alone ??= IdentitySet.Of(this);

    /// <summary>
    /// Reads an identity; false when the text isn't exactly of the form above. Characters that two readers could understand
    /// differently (controls, spaces, percent escapes, queries, fragments, user info, anything beyond ASCII) are refused.
    /// </summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out SpiffeId? id)
    {
        id = null;
        if (text.Length > MaxLength || !text.StartsWith(Scheme, StringComparison.Ordinal))
        {
            return false;
        }

        ReadOnlySpan<char> rest = text.AsSpan(Scheme.Length);
        Span<Range> parts = stackalloc Range[6];
        if (rest.Split(parts, '/') != 5 || !rest[parts[1]].SequenceEqual("ns") || !rest[parts[3]].SequenceEqual("sa")
            || !IsSegment(rest[parts[0]]) || !IsSegment(rest[parts[2]]) || !IsSegment(rest[parts[4]]))
        {
            return false;
        }

        id = new SpiffeId(rest[parts[0]].ToString(), rest[parts[2]].ToString(), rest[parts[4]].ToString());
        return true;
    }

    /// <summary>Reads an identity from bytes, as found in a certificate.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out SpiffeId? id)
    {
        id = null;
        return utf8.Length <= MaxLength && !utf8.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E) && TryParse(Encoding.ASCII.GetString(utf8), out id);
    }

    /// <inheritdoc/>
    public bool Equals(SpiffeId? other) => ReferenceEquals(this, other) || (other is not null && string.Equals(_text, other._text, StringComparison.Ordinal));

    /// <inheritdoc/>
    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    /// <summary>The full identity with its scheme.</summary>
    public override string ToString() => _text;

    private static bool IsSegment(ReadOnlySpan<char> segment) =>
        segment.Length > 0 && segment is not ("." or "..") && !segment.ContainsAnyExceptInRange('!', '~') && !segment.ContainsAny("%?#@\\");
}
