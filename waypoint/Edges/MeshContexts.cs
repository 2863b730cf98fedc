using Ambient.Tls.Edges;
using Ambient.Tls.Handshakes;

namespace Ambient.Waypoint.Edges;

/// <summary>What a listener of the mesh's own clients needs for handshakes: made of the own certificate, and again when that is another. Thread-safe.</summary>
/// <param name="settings">Everything but certificates and authorities.</param>
internal sealed class MeshContexts(EdgeContextOptions settings)
{
    private volatile Made? _made;

    /// <summary>The context for a certificate.</summary>
    /// <exception cref="TlsException">It cannot be used.</exception>
    public EdgeContext For(TlsContext own)
    {
        // Two loops may make the same: the one that is not kept is freed when its handshakes are over.
        Made? made = _made;
        if (made is null || !ReferenceEquals(made.Own, own))
        {
            EdgeContextOptions options = settings with { Certificates = [EdgeCertificate.Of(own.Certificate)], Authorities = own.Certificate.Trust.RootsDer };
            _made = made = new Made(own, EdgeContext.Create(options));
        }

        return made.Context;
    }

    private sealed record Made(TlsContext Own, EdgeContext Context);
}
