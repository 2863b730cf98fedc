using Ambient.Identity.Certificates;
using Ambient.Tls.Native;
using Ambient.Tls.Verification;

namespace Ambient.Tls.Handshakes;

/// <summary>
/// One workload certificate made ready for handshakes in both roles: TLS 1.3 only, mutual, ALPN <c>h2</c>, no tickets, no early data,
/// no SNI (ztunnel reference section 2.1). Thread-safe.
/// </summary>
public sealed unsafe class TlsContext : IDisposable
{
    private readonly SslContextHandle _handle;

    private TlsContext(SslContextHandle handle, WorkloadCertificate certificate, TlsSettings settings, PeerVerifier verifier)
    {
        _handle = handle;
        Certificate = certificate;
        Settings = settings;
        Verifier = verifier;
    }

    /// <summary>The version text of the TLS library in use.</summary>
    /// <exception cref="TlsException">There is no usable library.</exception>
    public static string LibraryVersion => OpenSslLibrary.Version;

    /// <summary>The certificate that is presented.</summary>
    public WorkloadCertificate Certificate { get; }

    /// <summary>How handshakes are made.</summary>
    public TlsSettings Settings { get; }

    internal PeerVerifier Verifier { get; }

    /// <summary>Loads the certificate, its key and its trust.</summary>
    /// <exception cref="TlsException">The certificate or key is unusable, or the library lacks something.</exception>
    public static TlsContext Create(WorkloadCertificate certificate, TlsSettings settings)
    {
        OpenSslLibrary.EnsureLoaded();
        TrustAnchors anchors = TrustAnchors.Of(certificate.Trust);
        if (anchors.Roots.Count == 0)
        {
            throw new TlsException($"the trust bundle of {certificate.Identity} has no usable root certificate ({certificate.Trust.RootsDer.Count} given)");
        }

        ErrorQueue.Clear();
        var handle = new SslContextHandle(Libssl.SSL_CTX_new(Libssl.TLS_method()));
        try
        {
            Check(handle.IsInvalid ? 0 : 1, "no TLS context can be made");
            nint context = handle.DangerousGetHandle();
            ContextOptions.Apply(context, settings);
            CertificateLoader.Load(context, certificate);
            return new TlsContext(handle, certificate, settings, new PeerVerifier(anchors, settings.TimeProvider, settings.RevocationCheck));
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Frees the context; handshakes in flight go on.</summary>
    public void Dispose() => _handle.Dispose();

    internal static void Check(nint result, string what)
    {
        if (result <= 0)
        {
            throw new TlsException($"{what}: {ErrorQueue.Drain()}");
        }
    }

    /// <summary>A new SSL object, which keeps the native context alive by itself.</summary>
    internal nint NewSession()
    {
        bool added = false;
        try
        {
            _handle.DangerousAddRef(ref added);
            return Libssl.SSL_new(_handle.DangerousGetHandle());
        }
        finally
        {
            if (added)
            {
                _handle.DangerousRelease();
            }
        }
    }
}
