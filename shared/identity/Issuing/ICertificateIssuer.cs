using Ambient.Identity.Certificates;
using Ambient.Mesh.Identities;

namespace Ambient.Identity.Issuing;

/// <summary>Where certificates come from: the mesh's authority, or a local one for tests. Thread-safe.</summary>
public interface ICertificateIssuer
{
    /// <summary>Makes a fresh key and has it certified for an identity. The work is done on the thread pool: callers may be event loops.</summary>
    /// <exception cref="IssueException">No usable certificate was had; the message says why.</exception>
    Task<WorkloadCertificate> IssueAsync(SpiffeId identity, CancellationToken cancellation);
}
