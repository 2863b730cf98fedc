namespace Ambient.Tls.Records;

/// <summary>TLS 1.3 cipher suites by their number on the wire (RFC 8446 appendix B.4).</summary>
public enum CipherSuite : ushort
{
    /// <summary>None negotiated.</summary>
    None = 0,

    /// <summary>TLS_AES_128_GCM_SHA256.</summary>
    Aes128Gcm = 0x1301,

    /// <summary>TLS_AES_256_GCM_SHA384.</summary>
    Aes256Gcm = 0x1302,

    /// <summary>TLS_CHACHA20_POLY1305_SHA256.</summary>
    ChaCha20Poly1305 = 0x1303,
}
