using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Ambient.Tls.Native;

namespace Ambient.Tls.Records;

/// <summary>
/// One direction's secret, nonce base, sequence number and cipher. Loop-affine; a mutable struct: only fields, never copies.
/// </summary>
/// <remarks>
/// The secret lies in native memory, because the garbage collector would leave copies behind. The cipher's context (about
/// half a kilobyte with its key tables) exists only while the connection is in use; it is made again from the secret.
/// </remarks>
internal unsafe struct TrafficKey
{
    private const int IvOffset = KeySchedule.MaxSecret;
    private const int BlockSize = KeySchedule.MaxSecret + 16;

    // From here on encrypting takes longer than a microsecond, and the runtime must be told that the thread is away.
    private const int ShortInput = 2048;

    private readonly bool _encrypt;
    private CipherSuite _suite;
    private byte* _block;
    private nint _context;

    internal TrafficKey(CipherSuite suite, ReadOnlySpan<byte> secret, ulong sequence, bool encrypt)
    {
        _suite = suite;
        _encrypt = encrypt;
        Sequence = sequence;
        _block = (byte*)NativeMemory.Alloc(BlockSize);
        secret.CopyTo(new Span<byte>(_block, KeySchedule.MaxSecret));
        DeriveIv();
    }

    /// <summary>The next record's sequence number.</summary>
    internal ulong Sequence { readonly get; private set; }

    private readonly Span<byte> SecretSpan => new(_block, KeySchedule.SecretLength(_suite));

    internal readonly byte[] CopySecret() => SecretSpan.ToArray();

    /// <summary>Goes on to the next generation (KeyUpdate).</summary>
    internal void Update()
    {
        KeySchedule.NextSecret(_suite, SecretSpan);
        DeriveIv();
        Sequence = 0;
        FreeContext();
    }

    /// <summary>Encrypts <paramref name="length"/> bytes behind the header in place and puts the tag behind them.</summary>
    internal bool Encrypt(byte* header, int length)
    {
        byte* nonce = stackalloc byte[KeySchedule.NonceSize];
        byte* text = header + RecordLayer.HeaderSize;
        int ignored;
        if (!Begin(nonce)
            || Libcrypto.EVP_CipherUpdate_short(_context, null, &ignored, header, RecordLayer.HeaderSize) != 1
            || Crypt(text, length) != 1
            || Libcrypto.EVP_CipherFinal_ex(_context, text, &ignored) != 1
            || Libcrypto.EVP_CIPHER_CTX_ctrl(_context, Libcrypto.EVP_CTRL_AEAD_GET_TAG, 16, text + length) != 1)
        {
            Libcrypto.ERR_clear_error();
            return false;
        }

        Sequence++;
        return true;
    }

    /// <summary>Decrypts in place what lies between header and tag; false when the tag is wrong.</summary>
    internal bool Decrypt(byte* header, int length)
    {
        byte* nonce = stackalloc byte[KeySchedule.NonceSize];
        byte* text = header + RecordLayer.HeaderSize;
        int ignored;
        if (!Begin(nonce)
            || Libcrypto.EVP_CipherUpdate_short(_context, null, &ignored, header, RecordLayer.HeaderSize) != 1
            || Crypt(text, length) != 1
            || Libcrypto.EVP_CIPHER_CTX_ctrl(_context, Libcrypto.EVP_CTRL_AEAD_SET_TAG, 16, text + length) != 1
            || Libcrypto.EVP_CipherFinal_ex(_context, text + length, &ignored) != 1)
        {
            Libcrypto.ERR_clear_error();
            return false;
        }

        Sequence++;
        return true;
    }

    /// <summary>Frees the cipher's context until the next record.</summary>
    internal void FreeContext()
    {
        if (_context != 0)
        {
            Libcrypto.EVP_CIPHER_CTX_free(_context);
            _context = 0;
        }
    }

    internal void Dispose()
    {
        FreeContext();
        if (_block != null)
        {
            CryptographicOperations.ZeroMemory(new Span<byte>(_block, BlockSize));
            NativeMemory.Free(_block);
            _block = null;
        }
    }

    // The nonce is the sequence number, big-endian, over the derived base (RFC 8446 section 5.3).
    private bool Begin(byte* nonce)
    {
        if (_block == null || (_context == 0 && !CreateContext()))
        {
            return false;
        }

        Unsafe.CopyBlockUnaligned(nonce, _block + IvOffset, KeySchedule.NonceSize);
        *(ulong*)(nonce + 4) ^= BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(Sequence) : Sequence;
        return Libcrypto.EVP_CipherInit_nonce(_context, 0, 0, null, nonce, _encrypt ? 1 : 0) == 1;
    }

    private readonly int Crypt(byte* text, int length)
    {
        int ignored;
        if (length == 0)
        {
            return 1;
        }

        return length <= ShortInput
            ? Libcrypto.EVP_CipherUpdate_short(_context, text, &ignored, text, length)
            : Libcrypto.EVP_CipherUpdate(_context, text, &ignored, text, length);
    }

    private bool CreateContext()
    {
        Span<byte> key = stackalloc byte[KeySchedule.MaxKey];
        key = key[..KeySchedule.KeyLength(_suite)];
        KeySchedule.ExpandLabel(_suite, SecretSpan, "key"u8, key);
        nint context = Libcrypto.EVP_CIPHER_CTX_new();
        fixed (byte* pointer = key)
        {
            if (context != 0 && Libcrypto.EVP_CipherInit_ex(context, Ciphers.Of(_suite), 0, pointer, null, _encrypt ? 1 : 0) == 1)
            {
                _context = context;
            }
            else
            {
                Libcrypto.EVP_CIPHER_CTX_free(context);
            }
        }

        CryptographicOperations.ZeroMemory(key);
        return _context != 0;
    }

    private readonly void DeriveIv() =>
        KeySchedule.ExpandLabel(_suite, SecretSpan, "iv"u8, new Span<byte>(_block + IvOffset, KeySchedule.NonceSize));
}
