namespace Ambient.Tls.Verification;

/// <summary>Object identifiers of algorithms, compared as DER bytes. Pure.</summary>
internal static class AlgorithmNames
{
    private static ReadOnlySpan<byte> EcPublicKey => [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];

    private static ReadOnlySpan<byte> P256 => [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

    private static ReadOnlySpan<byte> P384 => [0x2B, 0x81, 0x04, 0x00, 0x22];

    private static ReadOnlySpan<byte> P521 => [0x2B, 0x81, 0x04, 0x00, 0x23];

    private static ReadOnlySpan<byte> RsaEncryption => [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];

    private static ReadOnlySpan<byte> Ed25519 => [0x2B, 0x65, 0x70];

    private static ReadOnlySpan<byte> EcdsaWithSha => [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03];

    private static ReadOnlySpan<byte> RsaWithSha => [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01];

    /// <summary>The kind of signature that an AlgorithmIdentifier's content names.</summary>
    internal static SignatureKind Signature(ReadOnlySpan<byte> algorithm)
    {
        var inside = new DerReader(algorithm);
        if (!inside.TryRead(DerTag.ObjectId, out DerElement name))
        {
            return SignatureKind.Unsupported;
        }

        ReadOnlySpan<byte> id = name.Content;
        bool bare = inside.IsAtEnd;
        if (id.SequenceEqual(Ed25519) && bare)
        {
            return SignatureKind.Ed25519;
        }

        if (id.Length == EcdsaWithSha.Length + 1 && id.StartsWith(EcdsaWithSha) && bare)
        {
            return id[^1] switch
            {
                2 => SignatureKind.EcdsaSha256,
                3 => SignatureKind.EcdsaSha384,
                4 => SignatureKind.EcdsaSha512,
                _ => SignatureKind.Unsupported,
            };
        }

        // RSA's parameters are NULL (RFC 4055); some omit them.
        bool nullOrBare = bare || (inside.TryRead(DerTag.Null, out DerElement none) && none.Content.IsEmpty && inside.IsAtEnd);
        if (id.Length == RsaWithSha.Length + 1 && id.StartsWith(RsaWithSha) && nullOrBare)
        {
            return id[^1] switch
            {
                11 => SignatureKind.RsaSha256,
                12 => SignatureKind.RsaSha384,
                13 => SignatureKind.RsaSha512,
                _ => SignatureKind.Unsupported,
            };
        }

        return SignatureKind.Unsupported;
    }

    /// <summary>Reads kind and strength of a SubjectPublicKeyInfo; false when it is malformed.</summary>
    internal static bool TryReadKey(DerElement key, ParsedCertificate into)
    {
        DerReader inside = key.Inside();
        if (!inside.TryRead(DerTag.Sequence, out DerElement algorithm)
            || !inside.TryRead(DerTag.BitString, out DerElement bits)
            || !inside.IsAtEnd
            || bits.Content.Length < 2
            || bits.Content[0] != 0)
        {
            return false;
        }

        DerReader names = algorithm.Inside();
        if (!names.TryRead(DerTag.ObjectId, out DerElement name))
        {
            return false;
        }

        if (name.Content.SequenceEqual(EcPublicKey))
        {
            // Named curves only: explicit parameters let a peer choose its own group.
            into.KeyKind = names.TryRead(DerTag.ObjectId, out DerElement curve) && names.IsAtEnd && IsKnownCurve(curve.Content)
                ? KeyKind.Ec
                : KeyKind.Unsupported;
        }
        else if (name.Content.SequenceEqual(Ed25519) && names.IsAtEnd)
        {
            into.KeyKind = KeyKind.Ed25519;
        }
        else if (name.Content.SequenceEqual(RsaEncryption))
        {
            into.KeyKind = KeyKind.Rsa;
            (into.RsaBits, into.RsaExponentBits) = RsaSize(bits.Content[1..]);
        }

        return true;
    }

    private static bool IsKnownCurve(ReadOnlySpan<byte> id) => id.SequenceEqual(P256) || id.SequenceEqual(P384) || id.SequenceEqual(P521);

    // RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017 appendix A.1.1)
    private static (int Modulus, int Exponent) RsaSize(ReadOnlySpan<byte> key)
    {
        var whole = new DerReader(key);
        if (!whole.TryRead(DerTag.Sequence, out DerElement pair))
        {
            return default;
        }

        DerReader numbers = pair.Inside();
        return numbers.TryRead(DerTag.Integer, out DerElement modulus) && numbers.TryRead(DerTag.Integer, out DerElement exponent)
            ? (Bits(modulus.Content), Bits(exponent.Content))
            : default;
    }

    private static int Bits(ReadOnlySpan<byte> number)
    {
        ReadOnlySpan<byte> digits = number.TrimStart((byte)0);
        return digits.IsEmpty ? 0 : (digits.Length * 8) - System.Numerics.BitOperations.LeadingZeroCount((uint)digits[0]) + 24;
    }
}
