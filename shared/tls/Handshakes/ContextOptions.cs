using System.Text;
using Ambient.Tls.Native;

namespace Ambient.Tls.Handshakes;

/// <summary>Sets an SSL_CTX up: what is not needed is off.</summary>
internal static unsafe class ContextOptions
{
    // What leafs of the mesh are signed with, best first; a short list is quicker to agree on.
    private const string SignatureAlgorithms = "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512:ed25519:rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512";
    private const int MaxCertificateBytes = 64 * 1024;

    internal static void Apply(nint context, TlsSettings settings)
    {
        TlsContext.Check(Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_SET_MIN_PROTO_VERSION, Libssl.TLS1_3_VERSION, null), "TLS 1.3 is not available");
        TlsContext.Check(Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_SET_MAX_PROTO_VERSION, Libssl.TLS1_3_VERSION, null), "TLS 1.3 is not available");
        _ = Libssl.SSL_CTX_set_options(
            context,
            Libssl.SSL_OP_NO_TICKET | Libssl.SSL_OP_NO_COMPRESSION | Libssl.SSL_OP_NO_RENEGOTIATION | Libssl.SSL_OP_CIPHER_SERVER_PREFERENCE);

        // No middleboxes between proxies of a mesh: without change_cipher_spec there are fewer records to carry.
        _ = Libssl.SSL_CTX_clear_options(context, Libssl.SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
        _ = Libssl.SSL_CTX_ctrl(
            context,
            Libssl.SSL_CTRL_MODE,
            Libssl.SSL_MODE_ENABLE_PARTIAL_WRITE | Libssl.SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | Libssl.SSL_MODE_NO_AUTO_CHAIN | Libssl.SSL_MODE_RELEASE_BUFFERS,
            null);

        // A ticket in the server's first flight would shift its sequence number, and nothing is ever resumed.
        TlsContext.Check(Libssl.SSL_CTX_set_num_tickets(context, 0), "tickets can't be switched off");
        TlsContext.Check(Libssl.SSL_CTX_set_max_early_data(context, 0), "early data can't be switched off");
        _ = Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_SET_SESS_CACHE_MODE, 0, null);
        _ = Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_SET_MAX_CERT_LIST, MaxCertificateBytes, null);

        SetList(context, Libssl.SSL_CTRL_SET_SIGALGS_LIST, SignatureAlgorithms, "the signature algorithms are not available");
        SetGroups(context, settings.Groups);
        SetCiphers(context, settings.CipherPreference);
        SetCallbacks(context, settings.ReferenceRecords);
    }

    private static void SetCallbacks(nint context, bool referenceRecords)
    {
        fixed (byte* protocols = "\u0002h2"u8)
        {
            // Unlike its siblings this call returns 0 for success.
            TlsContext.Check(Libssl.SSL_CTX_set_alpn_protos(context, protocols, 3) == 0 ? 1 : 0, "ALPN can't be set");
        }

        Libssl.SSL_CTX_set_verify(context, Libssl.SSL_VERIFY_PEER | Libssl.SSL_VERIFY_FAIL_IF_NO_PEER_CERT, 0);
        Libssl.SSL_CTX_set_cert_verify_callback(context, &HandshakeCallbacks.VerifyCertificate, 0);
        Libssl.SSL_CTX_set_alpn_select_cb(context, &HandshakeCallbacks.SelectProtocol, 0);
        if (!referenceRecords)
        {
            Libssl.SSL_CTX_set_keylog_callback(context, &HandshakeCallbacks.TakeSecret);
        }
    }

    private static void SetCiphers(nint context, CipherPreference preference)
    {
        string list = preference switch
        {
            CipherPreference.Aes256First => "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256",
            CipherPreference.ChaCha20First => "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384",
            _ => "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384",
        };
        fixed (byte* text = Encoding.ASCII.GetBytes(list + "\0"))
        {
            TlsContext.Check(Libssl.SSL_CTX_set_ciphersuites(context, text), "the cipher suites are not available");
        }
    }

    private static void SetGroups(nint context, IReadOnlyList<string> groups)
    {
        // The list is all or nothing for the library, so each name is tried alone first: post-quantum groups came with 3.5.
        var known = new List<string>();
        foreach (string group in groups)
        {
            fixed (byte* text = Encoding.ASCII.GetBytes(group + "\0"))
            {
                if (Libssl.SSL_CTX_ctrl(context, Libssl.SSL_CTRL_SET_GROUPS_LIST, 0, text) == 1)
                {
                    known.Add(group);
                }
            }
        }

        ErrorQueue.Clear();
        if (known.Count == 0)
        {
            throw new TlsException($"the TLS library knows none of the key exchange groups {string.Join(", ", groups)}");
        }

        SetList(context, Libssl.SSL_CTRL_SET_GROUPS_LIST, string.Join(':', known), "the key exchange groups are not available");
    }

    private static void SetList(nint context, int command, string list, string what)
    {
        fixed (byte* text = Encoding.ASCII.GetBytes(list + "\0"))
        {
            TlsContext.Check(Libssl.SSL_CTX_ctrl(context, command, 0, text), what);
        }
    }
}
