using System.Runtime.CompilerServices;
using Ambient.Identity.Certificates;
using Ambient.Tls.Handshakes;

namespace Ambient.Ztunnel.Proxying;

/// <summary>One TLS context for each certificate, shared by all loops and freed with the certificate. Thread-safe.</summary>
internal sealed class TlsContexts(TlsSettings settings)
{
    private readonly ConditionalWeakTable<WorkloadCertificate, TlsContext> _contexts = [];

    /// <summary>The context of a certificate, made on first use.</summary>
    public TlsContext For(WorkloadCertificate certificate) => _contexts.GetValue(certificate, c => TlsContext.Create(c, settings));
}
