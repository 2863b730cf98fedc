using Ambient.ControlPlane.Authority.Requests;
using Ambient.Mesh.Identities;

namespace Ambient.ControlPlane.Authority.Signing;

/// <summary>A certificate that is to be made. Immutable.</summary>
/// <param name="Request">Whose key is certified.</param>
/// <param name="Identities">For whom; decided here and never by the request.</param>
/// <param name="Lifetime">How long from now; at most what the signer itself has left.</param>
public sealed record IssueRequest(SigningRequest Request, IReadOnlyList<SpiffeId> Identities, TimeSpan Lifetime)
{
    /// <summary>Host names, of the control plane's own certificate.</summary>
    public IReadOnlyList<string> HostNames { get; init; } = [];
}
