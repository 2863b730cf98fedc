using System.Security.Cryptography;
using Ambient.Protocol.L7;
using Ambient.Tls.Edges;
using Ambient.Tls.Handshakes;
using Google.Protobuf;

namespace Ambient.Waypoint.Edges;

/// <summary>How TLS ends at a listener. Immutable.</summary>
/// <param name="Settings">What it was made of.</param>
/// <param name="Credentials">The same.</param>
/// <param name="Context">Ready for handshakes; null for a listener of the mesh's own clients.</param>
/// <param name="Clients">What clients' certificates must have besides a good signature.</param>
internal sealed record EdgeTermination(EdgeTls Settings, IReadOnlyList<EdgeCredential> Credentials, EdgeContext? Context, ClientRules Clients)
{
    /// <summary>What stands for <see cref="Context"/> where clients are those of the mesh; null elsewhere.</summary>
    public MeshContexts? Mesh { get; init; }

    /// <summary>Ready for handshakes; null while there is no certificate of the mesh.</summary>
    /// <exception cref="TlsException">The mesh's certificate cannot be used.</exception>
    public EdgeContext? ContextFor(TlsContext? own) => Mesh is null ? Context : own is null ? null : Mesh.For(own);

    /// <summary>What is demanded of clients' certificates, in short: equal texts are equal demands, and the empty one is none.</summary>
    public string Demands { get; } = DemandsOf(Settings, Credentials);

    /// <summary>Whether it was made of these.</summary>
    public bool IsOf(EdgeTls settings, IReadOnlyList<EdgeCredential> credentials) => Settings.Equals(settings) && Credentials.SequenceEqual(credentials);

    private static string DemandsOf(EdgeTls settings, IReadOnlyList<EdgeCredential> credentials)
    {
        if (settings.Check == ClientCheck.CheckNone || (credentials.Count == 0 && !settings.Mesh))
        {
            return "";
        }

        EdgeCredential clients = settings.Mesh ? new EdgeCredential() : EdgeCompiler.AuthoritiesOf(settings, credentials);
        EdgeTls demands = new()
        {
            Check = settings.Check,
            Mesh = settings.Mesh,
            ToleratesBadClients = settings.ToleratesBadClients,
            SubjectAltNames = { settings.SubjectAltNames },
            KeyHashes = { settings.KeyHashes },
            CertificateHashes = { settings.CertificateHashes },
        };
        byte[] all = [.. demands.ToByteArray(), .. SHA256.HashData(clients.Authorities.Span), .. SHA256.HashData(clients.Revocations.Span)];
        return Convert.ToHexStringLower(SHA256.HashData(all));
    }
}
