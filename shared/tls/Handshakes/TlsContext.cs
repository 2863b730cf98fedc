using Ambient.Identity.Certificates;

namespace Ambient.Tls.Handshakes;

/// <summary>One workload certificate made ready for handshakes in both roles. Thread-safe.</summary>
public sealed class TlsContext : IDisposable
{
    private TlsContext(WorkloadCertificate certificate, TlsSettings settings)
    {
        Certificate = certificate;
        Settings = settings;
    }

    /// <summary>The certificate that is presented.</summary>
    public WorkloadCertificate Certificate { get; }

    /// <summary>How handshakes are made.</summary>
    public TlsSettings Settings { get; }

    /// <summary>Loads the certificate, its key and its trust.</summary>
    /// <exception cref="TlsException">The certificate or key is unusable, or the library lacks something.</exception>
    public static TlsContext Create(WorkloadCertificate certificate, TlsSettings settings) => new(certificate, settings);

    /// <summary>Frees the context; handshakes in flight go on.</summary>
    public void Dispose()
    {
    }
}
