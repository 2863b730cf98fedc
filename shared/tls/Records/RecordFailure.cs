namespace Ambient.Tls.Records;

/// <summary>Why a record was refused; <see cref="RecordFailures.Describe"/> has the text.</summary>
public enum RecordFailure : byte
{
    /// <summary>No failure.</summary>
    None = 0,

    /// <summary>The record is shorter than its own parts, or its length doesn't match.</summary>
    BadLength = 1,

    /// <summary>The record or its plaintext is larger than allowed.</summary>
    Overflow = 2,

    /// <summary>Authentication failed: forged, corrupted, replayed or reordered.</summary>
    BadMac = 3,

    /// <summary>A record type that has no place here.</summary>
    UnexpectedType = 4,

    /// <summary>A handshake message that has no place here.</summary>
    UnexpectedMessage = 5,

    /// <summary>A handshake message or alert that can't be read.</summary>
    Malformed = 6,

    /// <summary>Too many records in a row without data.</summary>
    TooManyEmpty = 7,

    /// <summary>The peer sent a fatal alert.</summary>
    PeerAlert = 8,

    /// <summary>A key was used to its limit without a KeyUpdate.</summary>
    KeyExhausted = 9,

    /// <summary>The layer is closed.</summary>
    Closed = 10,

    /// <summary>libcrypto or libssl refused.</summary>
    Library = 11,
}
