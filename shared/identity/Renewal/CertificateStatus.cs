using Ambient.Identity.Certificates;
using Ambient.Mesh.Identities;

namespace Ambient.Identity.Renewal;

/// <summary>One identity of the store at one moment, for config_dump. Immutable.</summary>
/// <param name="Identity">Whose certificate.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Certificate">The certificate in use, if there is one.</param>
/// <param name="Error">The last failure, until a request succeeds.</param>
public sealed record CertificateStatus(SpiffeId Identity, CertificateState State, WorkloadCertificate? Certificate, string? Error);
