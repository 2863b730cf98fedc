using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Edges;

/// <summary>What a client's certificate must have besides a good signature (waypoint reference 7.1). Immutable.</summary>
internal sealed class ClientRules(EdgeTls settings)
{
    private readonly string[] _names = [.. settings.SubjectAltNames];
    private readonly string[] _keys = [.. settings.KeyHashes];
    private readonly string[] _certificates = [.. settings.CertificateHashes.Select(static hash => hash.Replace(":", "", StringComparison.Ordinal))];
    private readonly bool _tolerates = settings.ToleratesBadClients;

    /// <summary>Whether a certificate may pass; one that was not shown was not required.</summary>
    public bool Allow(ClientCertificate? certificate)
    {
        if (certificate is null || _tolerates)
        {
            return true;
        }

        bool isNamed = _names.Length == 0 || certificate.Names.Any(name => _names.Contains(name, StringComparer.Ordinal));
        bool isPinned = (_keys.Length == 0 && _certificates.Length == 0)
            || _keys.Contains(certificate.KeyHash, StringComparer.Ordinal)
            || _certificates.Contains(certificate.Hash, StringComparer.OrdinalIgnoreCase);
        return isNamed && isPinned;
    }
}
