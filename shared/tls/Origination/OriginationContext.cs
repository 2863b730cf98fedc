using System.Diagnostics.CodeAnalysis;
using System.Text;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Native;

namespace Ambient.Tls.Origination;

/// <summary>
/// A client of servers that are not of the mesh: TLS 1.2 and 1.3, chains judged by libssl against a bundle or the system's roots, names by
/// <see cref="ServerNames"/> (waypoint reference 2.3.4). Thread-safe. Forgotten ones are freed when the last connection has ended.
/// </summary>
public sealed unsafe class OriginationContext : IDisposable
{
    private const int MaxCertificateBytes = 128 * 1024;

    private readonly SslContextHandle _handle;

    private OriginationContext(SslContextHandle handle, bool skipVerify) => (_handle, SkipsVerification) = (handle, skipVerify);

    /// <summary>Whether servers are believed whatever they present.</summary>
    internal bool SkipsVerification { get; }

    /// <summary>Sessions that can be resumed.</summary>
    internal SessionCache Sessions { get; } = new();

    /// <summary>Makes a context; the error names what cannot be used, never a value.</summary>
    public static bool TryCreate(OriginationSettings settings, [NotNullWhen(true)] out OriginationContext? context, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(settings);
        context = null;
        try
        {
            OpenSslLibrary.EnsureLoaded();
            ErrorQueue.Clear();
            SslContextHandle handle = new(Libssl.SSL_CTX_new(Libssl.TLS_method()));
            error = handle.IsInvalid ? "no TLS context can be made: " + ErrorQueue.Drain() : Fill(handle.DangerousGetHandle(), settings);
            if (error is null)
            {
                context = new OriginationContext(handle, settings.SkipVerify);
                return true;
            }

            handle.Dispose();
            return false;
        }
        catch (TlsException unusable)
        {
            error = unusable.Message;
            return false;
        }
    }

    /// <summary>Frees the context; connections go on.</summary>
    public void Dispose()
    {
        Sessions.Clear();
        _handle.Dispose();
    }

    /// <summary>A new SSL object, which keeps the native context alive by itself; 0 when there is no memory.</summary>
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

    private static string? Fill(nint context, OriginationSettings settings)
    {
        Apply(context);
        if (!settings.SkipVerify && Trust(context, settings) is { } untrusted)
        {
            return untrusted;
        }

        return settings.Certificate.IsEmpty ? null : ClientCredential.Load(context, settings.Certificate.Span, settings.PrivateKey.Span);
    }

    private static string? Trust(nint context, OriginationSettings settings)
    {
        nint store;
        string? error;
        if (settings.Authorities.IsEmpty)
        {
            store = SystemRoots.Store(out error);
            _ = store == 0 ? 0 : Libcrypto.X509_STORE_up_ref(store);
        }
        else
        {
            store = TrustStore.Create(settings.Authorities.Span, settings.Revocations.Span, isPartial: true, out error);
        }

        if (store == 0)
        {
            return "the certificate authorities: " + error;
        }

        // The context owns the reference from here on.
        Libssl.SSL_CTX_set_cert_store(context, store);
        return null;
    }

    private static void Apply(nint context)
    {
        TlsContext.Check(Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_SET_MIN_PROTO_VERSION, Libssl.TLS1_2_VERSION, null), "TLS 1.2 is not available");
        _ = Libssl.SSL_CTX_set_options(context, Libssl.SSL_OP_NO_COMPRESSION | Libssl.SSL_OP_NO_RENEGOTIATION);
        _ = Libssl.SSL_CTX_ctrl(
            context,
            Libssl.SSL_CTRL_MODE,
            Libssl.SSL_MODE_ENABLE_PARTIAL_WRITE | Libssl.SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | Libssl.SSL_MODE_NO_AUTO_CHAIN | Libssl.SSL_MODE_RELEASE_BUFFERS,
            null);

        // Sessions are kept by us, by server and name.
        _ = Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_SET_SESS_CACHE_MODE, Libssl.SSL_SESS_CACHE_CLIENT | Libssl.SSL_SESS_CACHE_NO_INTERNAL, null);
        _ = Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_SET_MAX_CERT_LIST, MaxCertificateBytes, null);
        fixed (byte* list = Encoding.ASCII.GetBytes("ECDHE+AESGCM:ECDHE+CHACHA20\0"))
        {
            // Of TLS 1.2: forward secrecy and authenticated encryption only; those of 1.3 are all good.
            TlsContext.Check(Libssl.SSL_CTX_set_cipher_list(context, list), "the cipher suites of TLS 1.2 are not available");
        }

        Libssl.SSL_CTX_set_verify(context, Libssl.SSL_VERIFY_PEER, 0);
        Libssl.SSL_CTX_set_cert_verify_callback(context, &OriginationCallbacks.VerifyChain, 0);
    }
}
