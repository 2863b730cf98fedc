using System.Runtime.InteropServices;

namespace Ambient.Tls.Native;

/// <summary>EVP ciphers. The calls marked <c>SuppressGCTransition</c> take 30 to 300 ns, don't block and don't call back.</summary>
internal static unsafe partial class Libcrypto
{
    internal const int EVP_CTRL_AEAD_GET_TAG = 0x10;
    internal const int EVP_CTRL_AEAD_SET_TAG = 0x11;

    [LibraryImport(Library)]
    internal static partial nint EVP_CIPHER_fetch(nint libraryContext, byte* name, byte* properties);

    [LibraryImport(Library)]
    internal static partial nint EVP_CIPHER_CTX_new();

    [LibraryImport(Library)]
    internal static partial void EVP_CIPHER_CTX_free(nint ctx);

    [LibraryImport(Library)]
    internal static partial int EVP_CipherInit_ex(nint ctx, nint cipher, nint engine, byte* key, byte* iv, int encrypt);

    [LibraryImport(Library, EntryPoint = "EVP_CipherInit_ex")]
    [SuppressGCTransition]
    internal static partial int EVP_CipherInit_nonce(nint ctx, nint cipher, nint engine, byte* key, byte* iv, int encrypt);

    [LibraryImport(Library)]
    internal static partial int EVP_CipherUpdate(nint ctx, byte* output, int* outputLength, byte* input, int inputLength);

    [LibraryImport(Library, EntryPoint = "EVP_CipherUpdate")]
    [SuppressGCTransition]
    internal static partial int EVP_CipherUpdate_short(nint ctx, byte* output, int* outputLength, byte* input, int inputLength);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial int EVP_CipherFinal_ex(nint ctx, byte* output, int* outputLength);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    internal static partial int EVP_CIPHER_CTX_ctrl(nint ctx, int type, int argument, void* pointer);
}
