namespace Ambient.Tls.Handshakes;

/// <summary>Which cipher suites are offered and accepted, best first.</summary>
public enum CipherPreference
{
    /// <summary>AES-128-GCM, then AES-256-GCM: the fastest order on machines with AES instructions.</summary>
    Aes128First = 0,

    /// <summary>AES-256-GCM, then AES-128-GCM: upstream's order.</summary>
    Aes256First = 1,

    /// <summary>ChaCha20-Poly1305, then both AES suites: for machines without AES instructions.</summary>
    ChaCha20First = 2,
}
