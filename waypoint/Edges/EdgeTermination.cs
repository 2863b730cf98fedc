using System.Security.Cryptography;
using Ambient.Protocol.L7;
using Ambient.Tls.Edges;
using Google.Protobuf;

namespace Ambient.Waypoint.Edges;

/// <summary>How TLS ends at a listener. Immutable.</summary>
/// <param name="Settings">What it was made of.</param>
/// <param name="Credentials">The same.</param>
/// <param name="Context">Ready for handshakes.</param>
/// <param name="Clients">What clients' certificates must have besides a good signature.</param>
internal sealed record EdgeTermination(EdgeTls Settings, IReadOnlyList<EdgeCredential> Credentials, EdgeContext Context, ClientRules Clients)
{
    /// <summary>What is demanded of clients' certificates, in short: equal texts are equal demands, and the empty one is none.</summary>
    public string Demands { get; } = DemandsOf(Settings, Credentials);

    /// <summary>Whether it was made of these.</summary>
    public bool IsOf(EdgeTls settings, IReadOnlyList<EdgeCredential> credentials) => Settings.Equals(settings) && Credentials.SequenceEqual(credentials);

    private static string DemandsOf(EdgeTls settings, IReadOnlyList<EdgeCredential> credentials)
    {
        if (settings.Check == ClientCheck.CheckNone || credentials.Count == 0)
        {
            return "";
        }

        EdgeCredential clients = EdgeCompiler.AuthoritiesOf(settings, credentials);
        EdgeTls demands = new()
        {
            Check = settings.Check,
            ToleratesBadClients = settings.ToleratesBadClients,
            SubjectAltNames = { settings.SubjectAltNames },
            KeyHashes = { settings.KeyHashes },
            CertificateHashes = { settings.CertificateHashes },
        };
        byte[] all = [.. demands.ToByteArray(), .. SHA256.HashData(clients.Authorities.Span), .. SHA256.HashData(clients.Revocations.Span)];
        return Convert.ToHexStringLower(SHA256.HashData(all));
    }
}
