using Ambient.Tls.Verification;

namespace Ambient.Tls.Handshakes;

/// <summary>How handshakes are made. Immutable.</summary>
public sealed record TlsSettings
{
    /// <summary>The order of cipher suites.</summary>
    public CipherPreference CipherPreference { get; init; } = CipherPreference.Aes128First;

    /// <summary>Whether records pass through libssl (reference and fallback) instead of the own record layer.</summary>
    public bool ReferenceRecords { get; init; }

    /// <summary>Key exchange groups, best first; those that the library doesn't know are left out. At least one must be known.</summary>
    public IReadOnlyList<string> Groups { get; init; } = ["X25519MLKEM768", "X25519", "P-256"];

    /// <summary>Says whether a verified chain is revoked; null when there is no list. Called on the handshake's thread.</summary>
    public RevocationCheck? RevocationCheck { get; init; }

    /// <summary>The clock for validity.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
