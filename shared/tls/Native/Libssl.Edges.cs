using System.Runtime.InteropServices;

namespace Ambient.Tls.Native;

/// <summary>libssl as a server for clients outside the mesh needs it: imports only.</summary>
internal static unsafe partial class Libssl
{
    internal const int TLS1_2_VERSION = 0x0303;
    internal const int SSL_VERIFY_NONE = 0;
    internal const int SSL_TLSEXT_ERR_NOACK = 3;

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_set_cipher_list(nint ctx, byte* list);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_add_client_CA(nint ctx, nint x509);

    [LibraryImport(Library)]
    internal static partial nint SSL_CTX_get_cert_store(nint ctx);

    [LibraryImport(Library)]
    internal static partial int SSL_CTX_set_session_id_context(nint ctx, byte* context, uint length);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_set_verify")]
    internal static partial void SSL_CTX_set_verify_with(nint ctx, int mode, delegate* unmanaged[Cdecl]<int, nint, int> callback);

    [LibraryImport(Library)]
    internal static partial nint SSL_get1_peer_certificate(nint ssl);

    [LibraryImport(Library)]
    internal static partial nint SSL_get_verify_result(nint ssl);

    [LibraryImport(Library)]
    internal static partial int SSL_version(nint ssl);
}
