using Ambient.Identity.Certificates;
using Ambient.Identity.Trust;
using Ambient.Mesh.Identities;

namespace Ambient.Tls.Tests;

/// <summary>The one place that knows how a <see cref="WorkloadCertificate"/> is made.</summary>
internal static class TestCertificates
{
    public static WorkloadCertificate Make(SpiffeId id, byte[] leaf, IReadOnlyList<ReadOnlyMemory<byte>> intermediates, byte[] key, TrustBundle trust) =>
        new() { Identity = id, LeafDer = leaf, IntermediatesDer = intermediates, PrivateKeyPkcs8 = key, Trust = trust };
}
