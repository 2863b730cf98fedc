using Ambient.Identity.Certificates;
using Ambient.Mesh.Identities;

namespace Ambient.Ztunnel.Proxying;

/// <summary>Brings the answer of the certificate store back to the loop that asked.</summary>
internal static class CertificateWait
{
    /// <summary>Asks; the callback runs on the pod's loop, and whose method it is ends when it throws.</summary>
    public static void Begin(PodLoop pod, SpiffeId identity, Action<WorkloadCertificate?, string?> answered) =>
        pod.Context.Certificates.Demand(
            identity,
            (_, certificate, error) => pod.Loop.Post(_ => answered(certificate, error), answered.Target),
            null);
}
