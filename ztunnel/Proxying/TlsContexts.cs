using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Ambient.Identity.Certificates;
using Ambient.Tls.Handshakes;

namespace Ambient.Ztunnel.Proxying;

/// <summary>One TLS context for each certificate, shared by all loops and freed with the certificate. Thread-safe.</summary>
internal sealed class TlsContexts(TlsSettings settings)
{
    private readonly ConditionalWeakTable<WorkloadCertificate, TlsContext> _contexts = [];

    /// <summary>The context of a certificate, made on first use; the error says why a certificate or its trust cannot be used.</summary>
    public bool TryGet(WorkloadCertificate certificate, [NotNullWhen(true)] out TlsContext? context, [NotNullWhen(false)] out string? error)
    {
        try
        {
            context = _contexts.GetValue(certificate, c => TlsContext.Create(c, settings));
            error = null;
            return true;
        }
        catch (TlsException unusable)
        {
            context = null;
            error = unusable.Message;
            return false;
        }
    }
}
