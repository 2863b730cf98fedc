using Ambient.Tls.Native;

namespace Ambient.Tls.Verification;

/// <summary>An issuer's public key, decoded once. Thread-safe.</summary>
internal sealed unsafe class PublicKey
{
    private const int MinRsaBits = 2048;
    private const int MaxRsaBits = 8192;

    // 65537 in practice. With an exponent as long as the modulus a check costs a hundred times as much, before the peer has proved anything.
    private const int MaxRsaExponentBits = 32;

    private readonly nint _key;
    private readonly KeyKind _kind;

    private PublicKey(nint key, KeyKind kind)
    {
        _key = key;
        _kind = kind;
    }

    /// <summary>Frees the key.</summary>
    ~PublicKey() => Libcrypto.EVP_PKEY_free(_key);

    /// <summary>Why a certificate's key is too weak or of an unknown kind; null when it is fine.</summary>
    internal static string? Weakness(ParsedCertificate certificate) => certificate.KeyKind switch
    {
        KeyKind.Ec or KeyKind.Ed25519 => null,
        KeyKind.Rsa when certificate.RsaExponentBits is 0 or > MaxRsaExponentBits =>
            $"RSA key with an exponent of {certificate.RsaExponentBits} bits (allowed are 1 to {MaxRsaExponentBits})",
        KeyKind.Rsa when certificate.RsaBits is >= MinRsaBits and <= MaxRsaBits => null,
        KeyKind.Rsa => $"RSA key of {certificate.RsaBits} bits (allowed are {MinRsaBits} to {MaxRsaBits})",
        _ => "public key of an unsupported kind (allowed are P-256, P-384, P-521, Ed25519 and RSA)",
    };

    /// <summary>Decodes a certificate's key; null when the library can't.</summary>
    internal static PublicKey? Of(ParsedCertificate certificate)
    {
        if (Weakness(certificate) is not null)
        {
            return null;
        }

        ReadOnlySpan<byte> info = certificate.Part(certificate.PublicKey);
        fixed (byte* start = info)
        {
            byte* position = start;
            nint key = Libcrypto.d2i_PUBKEY(null, &position, info.Length);
            if (key == 0)
            {
                ErrorQueue.Clear();
                return null;
            }

            int expected = certificate.KeyKind switch
            {
                KeyKind.Ec => Libcrypto.EVP_PKEY_EC,
                KeyKind.Rsa => Libcrypto.EVP_PKEY_RSA,
                _ => Libcrypto.EVP_PKEY_ED25519,
            };
            if (position != start + info.Length || Libcrypto.EVP_PKEY_get_base_id(key) != expected)
            {
                Libcrypto.EVP_PKEY_free(key);
                return null;
            }

            return new PublicKey(key, certificate.KeyKind);
        }
    }

    /// <summary>Whether this key signed the certificate.</summary>
    internal bool Signed(ParsedCertificate certificate)
    {
        (KeyKind kind, nint digest) = certificate.SignatureKind switch
        {
            SignatureKind.EcdsaSha256 => (KeyKind.Ec, Libcrypto.EVP_sha256()),
            SignatureKind.EcdsaSha384 => (KeyKind.Ec, Libcrypto.EVP_sha384()),
            SignatureKind.EcdsaSha512 => (KeyKind.Ec, Libcrypto.EVP_sha512()),
            SignatureKind.RsaSha256 => (KeyKind.Rsa, Libcrypto.EVP_sha256()),
            SignatureKind.RsaSha384 => (KeyKind.Rsa, Libcrypto.EVP_sha384()),
            SignatureKind.RsaSha512 => (KeyKind.Rsa, Libcrypto.EVP_sha512()),
            SignatureKind.Ed25519 => (KeyKind.Ed25519, 0),
            _ => (KeyKind.Unsupported, 0),
        };
        if (kind == KeyKind.Unsupported || kind != _kind)
        {
            return false;
        }

        bool valid = Verify(digest, certificate.Part(certificate.Signature), certificate.Part(certificate.Signed));
        GC.KeepAlive(this);
        return valid;
    }

    private bool Verify(nint digest, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> data)
    {
        nint context = Libcrypto.EVP_MD_CTX_new();
        if (context == 0)
        {
            return false;
        }

        fixed (byte* signaturePointer = signature, dataPointer = data)
        {
            bool valid = Libcrypto.EVP_DigestVerifyInit(context, null, digest, 0, _key) == 1
                && Libcrypto.EVP_DigestVerify(context, signaturePointer, (nuint)signature.Length, dataPointer, (nuint)data.Length) == 1;
            Libcrypto.EVP_MD_CTX_free(context);
            if (!valid)
            {
                ErrorQueue.Clear();
            }

            return valid;
        }
    }
}
