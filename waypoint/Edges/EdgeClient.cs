using System.Diagnostics.CodeAnalysis;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;

namespace Ambient.Waypoint.Edges;

/// <summary>Who is on the other side of a connection from outside. Immutable.</summary>
/// <param name="Peer">Who has connected.</param>
/// <param name="Source">The client: another one where a proxy in front says so.</param>
internal readonly record struct EdgeClient(IpPort Peer, IpPort Source)
{
    /// <summary>What it asked for in its hello; empty for nothing.</summary>
    public string ServerName { get; init; } = "";

    /// <summary>The certificate that it has shown and proved; null for none.</summary>
    public ClientCertificate? Certificate { get; init; } = null;

    /// <summary>Who it is in the mesh; null for nobody.</summary>
    public SpiffeId? Identity { get; init; } = null;

    /// <summary>The identity that a certificate of the mesh names; false when it names none of that trust domain, or several.</summary>
    public static bool TryIdentify(ClientCertificate? certificate, string trustDomain, [NotNullWhen(true)] out SpiffeId? identity)
    {
        identity = null;
        return certificate is { Uris.Count: 1 } && SpiffeId.TryParse(certificate.Uris[0], out identity) && identity.TrustDomain == trustDomain;
    }
}
