using System.Runtime.InteropServices;

namespace Ambient.Tls.Native;

/// <summary>libcrypto's store of authorities and revocation lists. Imports only.</summary>
internal static unsafe partial class Libcrypto
{
    internal const nuint X509_V_FLAG_CRL_CHECK = 0x4;
    internal const nuint X509_V_FLAG_CRL_CHECK_ALL = 0x8;

    [LibraryImport(Library)]
    internal static partial int X509_STORE_add_cert(nint store, nint x509);

    [LibraryImport(Library)]
    internal static partial int X509_STORE_add_crl(nint store, nint crl);

    [LibraryImport(Library)]
    internal static partial int X509_STORE_set_flags(nint store, nuint flags);

    [LibraryImport(Library)]
    internal static partial nint d2i_X509_CRL(nint* crl, byte** data, nint length);

    [LibraryImport(Library)]
    internal static partial void X509_CRL_free(nint crl);
}
