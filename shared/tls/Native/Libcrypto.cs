using System.Runtime.InteropServices;

namespace Ambient.Tls.Native;

/// <summary>libcrypto outside EVP ciphers: errors, memory BIOs, certificates, keys. Imports only.</summary>
internal static unsafe partial class Libcrypto
{
    internal const string Library = "libcrypto";

    internal const int BIO_CTRL_RESET = 1;
    internal const int BIO_CTRL_INFO = 3;

    internal const int EVP_PKEY_RSA = 6;
    internal const int EVP_PKEY_EC = 408;
    internal const int EVP_PKEY_ED25519 = 1087;

    internal const nuint X509_V_FLAG_PARTIAL_CHAIN = 0x80000;

    internal const int X509_V_ERR_CERT_SIGNATURE_FAILURE = 7;
    internal const int X509_V_ERR_CERT_NOT_YET_VALID = 9;
    internal const int X509_V_ERR_CERT_HAS_EXPIRED = 10;
    internal const int X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY = 20;
    internal const int X509_V_ERR_CERT_CHAIN_TOO_LONG = 22;
    internal const int X509_V_ERR_CERT_REVOKED = 23;
    internal const int X509_V_ERR_INVALID_PURPOSE = 26;
    internal const int X509_V_ERR_CERT_REJECTED = 28;
    internal const int X509_V_ERR_APPLICATION_VERIFICATION = 50;

    [LibraryImport(Library)]
    internal static partial uint OPENSSL_version_major();

    [LibraryImport(Library)]
    internal static partial byte* OpenSSL_version(int type);

    [LibraryImport(Library)]
    internal static partial void ERR_clear_error();

    [LibraryImport(Library)]
    internal static partial nuint ERR_get_error();

    [LibraryImport(Library)]
    internal static partial byte* ERR_reason_error_string(nuint error);

    [LibraryImport(Library)]
    internal static partial nint BIO_s_mem();

    [LibraryImport(Library)]
    internal static partial nint BIO_new(nint method);

    [LibraryImport(Library)]
    internal static partial int BIO_free(nint bio);

    [LibraryImport(Library)]
    internal static partial int BIO_write(nint bio, byte* data, int length);

    [LibraryImport(Library)]
    internal static partial int BIO_read(nint bio, byte* data, int length);

    [LibraryImport(Library)]
    internal static partial nint BIO_ctrl(nint bio, int cmd, nint larg, void* parg);

    [LibraryImport(Library)]
    internal static partial nuint BIO_ctrl_pending(nint bio);

    [LibraryImport(Library)]
    internal static partial nint d2i_X509(nint* x509, byte** data, nint length);

    [LibraryImport(Library)]
    internal static partial int i2d_X509(nint x509, byte** data);

    [LibraryImport(Library)]
    internal static partial void X509_free(nint x509);

    [LibraryImport(Library)]
    internal static partial nint d2i_AutoPrivateKey(nint* key, byte** data, nint length);

    [LibraryImport(Library)]
    internal static partial nint d2i_PUBKEY(nint* key, byte** data, nint length);

    [LibraryImport(Library)]
    internal static partial void EVP_PKEY_free(nint key);

    [LibraryImport(Library)]
    internal static partial int EVP_PKEY_get_base_id(nint key);

    [LibraryImport(Library)]
    internal static partial nint X509_STORE_CTX_get0_untrusted(nint ctx);

    [LibraryImport(Library)]
    internal static partial void X509_STORE_CTX_set_error(nint ctx, int error);

    [LibraryImport(Library)]
    internal static partial int OPENSSL_sk_num(nint stack);

    [LibraryImport(Library)]
    internal static partial nint OPENSSL_sk_value(nint stack, int index);

    [LibraryImport(Library)]
    internal static partial nint EVP_MD_CTX_new();

    [LibraryImport(Library)]
    internal static partial void EVP_MD_CTX_free(nint ctx);

    [LibraryImport(Library)]
    internal static partial nint EVP_sha256();

    [LibraryImport(Library)]
    internal static partial nint EVP_sha384();

    [LibraryImport(Library)]
    internal static partial nint EVP_sha512();

    [LibraryImport(Library)]
    internal static partial int EVP_DigestVerifyInit(nint ctx, nint* keyContext, nint digest, nint engine, nint key);

    [LibraryImport(Library)]
    internal static partial int EVP_DigestVerify(nint ctx, byte* signature, nuint signatureLength, byte* data, nuint dataLength);

    [LibraryImport(Library)]
    internal static partial nint X509_STORE_new();

    [LibraryImport(Library)]
    internal static partial void X509_STORE_free(nint store);

    [LibraryImport(Library)]
    internal static partial int X509_STORE_up_ref(nint store);

    [LibraryImport(Library)]
    internal static partial int X509_verify_cert(nint ctx);

    [LibraryImport(Library)]
    internal static partial int X509_STORE_CTX_get_error(nint ctx);

    [LibraryImport(Library)]
    internal static partial nint X509_STORE_CTX_get0_cert(nint ctx);

    [LibraryImport(Library)]
    internal static partial byte* X509_verify_cert_error_string(nint error);
}
