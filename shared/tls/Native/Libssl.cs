using System.Runtime.InteropServices;

namespace Ambient.Tls.Native;

/// <summary>libssl: imports only. Signatures and constants after openssl/ssl.h of OpenSSL 3.</summary>
internal static unsafe partial class Libssl
{
    internal const string Library = "libssl";

    internal const int SSL_CTRL_MODE = 33;
    internal const int SSL_CTRL_SET_SESS_CACHE_MODE = 44;
    internal const int SSL_CTRL_SET_MAX_CERT_LIST = 51;
    internal const int SSL_CTRL_SET_TLSEXT_HOSTNAME = 55;
    internal const int SSL_CTRL_CHAIN_CERT = 89;
    internal const int SSL_CTRL_SET_GROUPS_LIST = 92;
    internal const int SSL_CTRL_SET_SIGALGS_LIST = 98;
    internal const int SSL_CTRL_SET_MIN_PROTO_VERSION = 123;
    internal const int SSL_CTRL_SET_MAX_PROTO_VERSION = 124;

    internal const int TLS1_3_VERSION = 0x0304;

    internal const int SSL_SESS_CACHE_CLIENT = 0x1;
    internal const int SSL_SESS_CACHE_NO_INTERNAL = 0x300;

    internal const int SSL_MODE_ENABLE_PARTIAL_WRITE = 0x1;
    internal const int SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER = 0x2;
    internal const int SSL_MODE_NO_AUTO_CHAIN = 0x8;
    internal const int SSL_MODE_RELEASE_BUFFERS = 0x10;

    internal const ulong SSL_OP_NO_TICKET = 1UL << 14;
    internal const ulong SSL_OP_NO_COMPRESSION = 1UL << 17;
    internal const ulong SSL_OP_ENABLE_MIDDLEBOX_COMPAT = 1UL << 20;
    internal const ulong SSL_OP_CIPHER_SERVER_PREFERENCE = 1UL << 22;
    internal const ulong SSL_OP_NO_RENEGOTIATION = 1UL << 30;

    internal const int SSL_VERIFY_PEER = 1;
    internal const int SSL_VERIFY_FAIL_IF_NO_PEER_CERT = 2;

    internal const int SSL_ERROR_SSL = 1;
    internal const int SSL_ERROR_WANT_READ = 2;
    internal const int SSL_ERROR_WANT_WRITE = 3;
    internal const int SSL_ERROR_ZERO_RETURN = 6;

    internal const int SSL_TLSEXT_ERR_OK = 0;
    internal const int SSL_TLSEXT_ERR_ALERT_FATAL = 2;

    internal const int SSL_KEY_UPDATE_NONE = -1;
    internal const int SSL_SENT_SHUTDOWN = 1;
    internal const int SSL_RECEIVED_SHUTDOWN = 2;

    [LibraryImport(Library)]
    internal static partial nint TLS_method();

    [LibraryImport(Library)]
    internal static partial nint SSL_CTX_new(nint method);

    [LibraryImport(Library)]
    internal static partial void SSL_CTX_free(nint ctx);

    [LibraryImport(Library)]
    internal static partial nint SSL_CTX_ctrl(nint ctx, int cmd, nint larg, void* parg);

    [LibraryImport(Library)]
    internal static partial ulong SSL_CTX_set_options(nint ctx, ulong options);

    [LibraryImport(Library)]
    internal static partial ulong SSL_CTX_clear_options(nint ctx, ulong options);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_set_num_tickets(nint ctx, nuint count);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_set_max_early_data(nint ctx, uint size);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_use_certificate(nint ctx, nint x509);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_use_PrivateKey(nint ctx, nint key);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_check_private_key(nint ctx);

    [LibraryImport(Library)]
    internal static partial void SSL_CTX_set_verify(nint ctx, int mode, nint callback);

    [LibraryImport(Library)]
    internal static partial void SSL_CTX_set_cert_verify_callback(nint ctx, delegate* unmanaged[Cdecl]<nint, nint, int> callback, nint argument);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_set_ciphersuites(nint ctx, byte* list);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_set_alpn_protos(nint ctx, byte* protos, uint length);

    [LibraryImport(Library)]
    internal static partial void SSL_CTX_set_alpn_select_cb(
        nint ctx, delegate* unmanaged[Cdecl]<nint, byte**, byte*, byte*, uint, nint, int> callback, nint argument);

    [LibraryImport(Library)]
    internal static partial void SSL_CTX_set_keylog_callback(nint ctx, delegate* unmanaged[Cdecl]<nint, byte*, void> callback);

    [LibraryImport(Library)]
    internal static partial nint SSL_new(nint ctx);

    [LibraryImport(Library)]
    internal static partial void SSL_free(nint ssl);

    [LibraryImport(Library)]
    internal static partial void SSL_set_connect_state(nint ssl);

    [LibraryImport(Library)]
    internal static partial void SSL_set_accept_state(nint ssl);

    [LibraryImport(Library)]
    internal static partial void SSL_set_bio(nint ssl, nint read, nint write);

    [LibraryImport(Library)]
    internal static partial void SSL_set0_wbio(nint ssl, nint bio);

    [LibraryImport(Library)]
    internal static partial int SSL_do_handshake(nint ssl);

    [LibraryImport(Library)]
    internal static partial int SSL_get_error(nint ssl, int result);

    [LibraryImport(Library)]
    internal static partial void SSL_get0_alpn_selected(nint ssl, byte** data, uint* length);

    [LibraryImport(Library)]
    internal static partial nint SSL_get_current_cipher(nint ssl);

    [LibraryImport(Library)]
    internal static partial ushort SSL_CIPHER_get_protocol_id(nint cipher);

    [LibraryImport(Library)]
    internal static partial int SSL_read(nint ssl, byte* buffer, int length);

    [LibraryImport(Library)]
    internal static partial int SSL_write(nint ssl, byte* buffer, int length);

    [LibraryImport(Library)]
    internal static partial int SSL_shutdown(nint ssl);

    [LibraryImport(Library)]
    internal static partial int SSL_get_shutdown(nint ssl);

    [LibraryImport(Library)]
    internal static partial int SSL_key_update(nint ssl, int updateType);

    [LibraryImport(Library)]
    internal static partial int SSL_get_key_update_type(nint ssl);

    [LibraryImport(Library)]
    internal static partial void SSL_CTX_set_cert_store(nint ctx, nint store);

    [LibraryImport(Library)]
    internal static partial nint SSL_ctrl(nint ssl, int cmd, nint larg, void* parg);

    [LibraryImport(Library)]
    internal static partial int SSL_set_alpn_protos(nint ssl, byte* protos, uint length);

    [LibraryImport(Library)]
    internal static partial nint SSL_get1_session(nint ssl);

    [LibraryImport(Library)]
    internal static partial int SSL_set_session(nint ssl, nint session);

    [LibraryImport(Library)]
    internal static partial int SSL_session_reused(nint ssl);

    [LibraryImport(Library)]
    internal static partial int SSL_SESSION_is_resumable(nint session);

    [LibraryImport(Library)]
    internal static partial void SSL_SESSION_free(nint session);

    [LibraryImport(Library)]
    internal static partial void SSL_set_shutdown(nint ssl, int mode);

    [LibraryImport(Library)]
    internal static partial byte* SSL_get_version(nint ssl);
}
