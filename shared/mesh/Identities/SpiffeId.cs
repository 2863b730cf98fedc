using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Ambient.Mesh.Identities;

/// <summary>A workload's SPIFFE identity, <c>spiffe://trust-domain/ns/namespace/sa/account</c>. Immutable; equality is byte-exact.</summary>
public sealed record SpiffeId(string TrustDomain, string Namespace, string ServiceAccount)
{
    private const string Scheme = "spiffe://";
    private string? _text;

    /// <summary>Reads an identity; false when the text isn't exactly of the form above.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out SpiffeId? id)
    {
        id = null;
        if (!text.StartsWith(Scheme, StringComparison.Ordinal))
        {
            return false;
        }

        string[] parts = text[Scheme.Length..].Split('/');
        if (parts.Length != 5 || parts[1] != "ns" || parts[3] != "sa")
        {
            return false;
        }

        id = new SpiffeId(parts[0], parts[2], parts[4]);
        return true;
    }

    /// <summary>Reads an identity from UTF-8.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out SpiffeId? id) =>
        TryParse(Encoding.UTF8.GetString(utf8), out id);

    /// <inheritdoc/>
    public override string ToString() => _text ??= $"{Scheme}{TrustDomain}/ns/{Namespace}/sa/{ServiceAccount}";
}
