using Ambient.Mesh.Identities;

namespace Ambient.Tls.Verification;

/// <summary>What path verification needs of one certificate (RFC 5280). Immutable; parts are ranges of <see cref="Der"/>.</summary>
internal sealed class ParsedCertificate
{
    internal const int KeyUsageDigitalSignature = 1 << 0;
    internal const int KeyUsageCertSign = 1 << 5;

    internal required ReadOnlyMemory<byte> Der { get; init; }

    internal Range Signed { get; set; }

    internal Range Issuer { get; set; }

    internal Range Subject { get; set; }

    internal Range PublicKey { get; set; }

    internal Range Signature { get; set; }

    internal int Version { get; set; } = 1;

    internal SignatureKind SignatureKind { get; set; }

    internal KeyKind KeyKind { get; set; }

    /// <summary>Bits of an RSA modulus; 0 for curves.</summary>
    internal int RsaBits { get; set; }

    /// <summary>Bits of an RSA public exponent; 0 for curves.</summary>
    internal int RsaExponentBits { get; set; }

    internal DateTimeOffset NotBefore { get; set; }

    internal DateTimeOffset NotAfter { get; set; }

    /// <summary>basicConstraints' cA; null without the extension.</summary>
    internal bool? IsAuthority { get; set; }

    /// <summary>How many intermediates may stand below; null = unlimited.</summary>
    internal int? PathLength { get; set; }

    /// <summary>keyUsage by bit number; null without the extension.</summary>
    internal int? KeyUsage { get; set; }

    /// <summary>Whether the certificate may be shown by a TLS server: no extendedKeyUsage, or one that has it.</summary>
    internal bool AllowsServer { get; set; } = true;

    /// <summary>Whether the certificate may be shown by a TLS client.</summary>
    internal bool AllowsClient { get; set; } = true;

    /// <summary>Parsable SPIFFE URI SANs in order.</summary>
    internal List<SpiffeId> Identities { get; } = [];

    /// <summary>What is not understood and must not be ignored; null when nothing.</summary>
    internal string? Refusal { get; set; }

    internal ReadOnlySpan<byte> Part(Range range) => Der.Span[range];

    internal bool IsIssuedUnder(ParsedCertificate authority) => Part(Issuer).SequenceEqual(authority.Part(authority.Subject));
}
