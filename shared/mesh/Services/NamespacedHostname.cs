using System.Diagnostics.CodeAnalysis;

namespace Ambient.Mesh.Services;

/// <summary>A hostname and the namespace that declares it: the key of a Service. Immutable.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Hostname">The full hostname, compared byte by byte.</param>
public sealed record NamespacedHostname(string Namespace, string Hostname)
{
    /// <summary>Reads <c>namespace/hostname</c>: exactly one slash.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out NamespacedHostname? value)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || text.IndexOf('/', slash + 1) >= 0)
        {
            value = null;
            return false;
        }

        value = new NamespacedHostname(text[..slash], text[(slash + 1)..]);
        return true;
    }

    /// <summary><c>namespace/hostname</c>.</summary>
    public override string ToString() => $"{Namespace}/{Hostname}";
}
