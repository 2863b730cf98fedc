using System.Text;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Native;

namespace Ambient.Tls.Edges;

/// <summary>
/// A listener's certificates and rules, made ready for handshakes with clients outside the mesh: TLS 1.2 and 1.3, resumption by tickets where clients show no certificates, no renegotiation, no
/// compression, no early data. Thread-safe.
/// </summary>
public sealed unsafe class EdgeContext : IDisposable
{
    // Forward secrecy and authenticated encryption only (Envoy's defaults without CBC).
    private const string UsualCiphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
    private const int MaxCertificateBytes = 64 * 1024;
    private readonly SslContextHandle _handle;

    private EdgeContext(SslContextHandle handle) => _handle = handle;

    /// <summary>Loads certificates and authorities.</summary>
    /// <exception cref="TlsException">Something of them cannot be used; the message says what, and nothing of keys.</exception>
    public static EdgeContext Create(EdgeContextOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        OpenSslLibrary.EnsureLoaded();
        ErrorQueue.Clear();
        var handle = new SslContextHandle(Libssl.SSL_CTX_new(Libssl.TLS_method()));
        try
        {
            TlsContext.Check(handle.IsInvalid ? 0 : 1, "no TLS context can be made");
            nint context = handle.DangerousGetHandle();
            Apply(context, options);
            if (options.Certificates.Count == 0)
            {
                throw new TlsException("there is no certificate");
            }

            foreach (EdgeCertificate certificate in options.Certificates)
            {
                CertificateLoader.Load(context, certificate.Chain[0], [.. certificate.Chain.Skip(1)], certificate.Key, "the listener");
            }

            SetClients(context, options);
            return new EdgeContext(handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>The server's side of a new connection.</summary>
    public EdgeSession Accept()
    {
        bool added = false;
        try
        {
            _handle.DangerousAddRef(ref added);
            return new EdgeSession(Libssl.SSL_new(_handle.DangerousGetHandle()));
        }
        finally
        {
            if (added)
            {
                _handle.DangerousRelease();
            }
        }
    }

    /// <summary>Frees the context; connections that there are go on.</summary>
    public void Dispose() => _handle.Dispose();

    private static void Apply(nint context, EdgeContextOptions options)
    {
        TlsContext.Check(Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_SET_MIN_PROTO_VERSION, options.MinVersion, null), "the oldest version is not available");
        TlsContext.Check(Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_SET_MAX_PROTO_VERSION, options.MaxVersion, null), "the newest version is not available");
        ulong flags = Libssl.SSL_OP_NO_COMPRESSION | Libssl.SSL_OP_NO_RENEGOTIATION | Libssl.SSL_OP_CIPHER_SERVER_PREFERENCE;
        bool resumes = options.ClientCertificates == ClientCertificateMode.None;

        // Whoever shows a certificate shows it each time: it may have been revoked meanwhile.
        _ = Libssl.SSL_CTX_set_options(context, resumes ? flags : flags | Libssl.SSL_OP_NO_TICKET);
        _ = Libssl.SSL_CTX_ctrl(
            context,
            Libssl.SSL_CTRL_MODE,
            Libssl.SSL_MODE_ENABLE_PARTIAL_WRITE | Libssl.SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | Libssl.SSL_MODE_NO_AUTO_CHAIN | Libssl.SSL_MODE_RELEASE_BUFFERS,
            null);
        TlsContext.Check(Libssl.SSL_CTX_set_num_tickets(context, resumes ? 1u : 0u), "tickets can't be set");
        TlsContext.Check(Libssl.SSL_CTX_set_max_early_data(context, 0), "early data can't be switched off");
        _ = Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_SET_SESS_CACHE_MODE, 0, null);
        _ = Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_SET_MAX_CERT_LIST, MaxCertificateBytes, null);
        SetCiphers(context, options.Ciphers);
        if (options.SpeaksHttp)
        {
            Libssl.SSL_CTX_set_alpn_select_cb(context, &EdgeCallbacks.SelectProtocol, 0);
        }
    }

    private static void SetCiphers(nint context, IReadOnlyList<string> wanted)
    {
        // What is unknown is passed over, as the reference has it; when nothing is left, the usual ones hold.
        List<string> known = [.. wanted.Where(cipher => IsCipher(context, cipher)).Distinct(StringComparer.Ordinal)];
        ErrorQueue.Clear();
        fixed (byte* text = Encoding.ASCII.GetBytes((known.Count > 0 ? string.Join(':', known) : UsualCiphers) + "\0"))
        {
            TlsContext.Check(Libssl.SSL_CTX_set_cipher_list(context, text), "the cipher suites are not available");
        }
    }

    private static bool IsCipher(nint context, string name)
    {
        // Names alone: OpenSSL's language of lists could switch on what is switched off here.
        if (name.Length == 0 || !name.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter == '-') || !name.Contains('-', StringComparison.Ordinal))
        {
            return false;
        }

        fixed (byte* text = Encoding.ASCII.GetBytes(name + "\0"))
        {
            return Libssl.SSL_CTX_set_cipher_list(context, text) == 1;
        }
    }

    private static void SetClients(nint context, EdgeContextOptions options)
    {
        if (options.ClientCertificates == ClientCertificateMode.None)
        {
            return;
        }

        if (options.Authorities.Count == 0 && !options.ToleratesBadClients)
        {
            throw new TlsException("clients must show certificates, and there is no authority to check them by");
        }

        nint store = Libssl.SSL_CTX_get_cert_store(context);
        foreach (ReadOnlyMemory<byte> der in options.Authorities)
        {
            nint authority = CertificateLoader.Decode(der.Span, "an authority of clients' certificates");
            int added = Libcrypto.X509_STORE_add_cert(store, authority);
            _ = Libssl.SSL_CTX_add_client_CA(context, authority);
            Libcrypto.X509_free(authority);
            TlsContext.Check(added, "an authority of clients' certificates can't be used");
        }

        foreach (ReadOnlyMemory<byte> der in options.Revocations)
        {
            AddRevocations(store, der.Span);
        }

        if (options.Revocations.Count > 0)
        {
            TlsContext.Check(Libcrypto.X509_STORE_set_flags(store, Libcrypto.X509_V_FLAG_CRL_CHECK | Libcrypto.X509_V_FLAG_CRL_CHECK_ALL), "revocation lists can't be used");
        }

        int mode = Libssl.SSL_VERIFY_PEER | (options.ClientCertificates == ClientCertificateMode.Required ? Libssl.SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
        Libssl.SSL_CTX_set_verify_with(context, mode, options.ToleratesBadClients ? &EdgeCallbacks.TolerateCertificate : null);
        fixed (byte* name = "edge"u8)
        {
            TlsContext.Check(Libssl.SSL_CTX_set_session_id_context(context, name, 4), "sessions can't be named");
        }
    }

    private static void AddRevocations(nint store, ReadOnlySpan<byte> der)
    {
        fixed (byte* start = der)
        {
            byte* position = start;
            nint list = Libcrypto.d2i_X509_CRL(null, &position, der.Length);
            TlsContext.Check(list == 0 ? 0 : 1, "a revocation list can't be decoded");
            int added = Libcrypto.X509_STORE_add_crl(store, list);
            Libcrypto.X509_CRL_free(list);
            TlsContext.Check(added, "a revocation list can't be used");
        }
    }
}
