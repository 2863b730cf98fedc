using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Identity.Certificates;
using Ambient.Identity.Keys;
using Ambient.Mesh.Identities;

namespace Ambient.Identity.Issuing;

/// <summary>The certificate signing request of a workload (ztunnel reference section 6.1). Stateless.</summary>
public static class CertificateRequestBuilder
{
    /// <summary>A PEM request: empty subject, one critical subjectAltName with one URI, signed with ECDSA and SHA-256.</summary>
    /// <exception cref="ArgumentException">The identity cannot be written as a URI.</exception>
    public static string BuildPem(SpiffeId identity, WorkloadKey key)
    {
        var request = new CertificateRequest(new X500DistinguishedName(""), key.Algorithm, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(UriNames.Extension(identity.ToString(), critical: true));
        return request.CreateSigningRequestPem();
    }
}
