namespace Ambient.Tls.Records;

/// <summary>Texts and alerts of <see cref="RecordFailure"/>. Immutable.</summary>
public static class RecordFailures
{
    /// <summary>One line for logs.</summary>
    public static string Describe(RecordFailure failure) => failure switch
    {
        RecordFailure.None => "no failure",
        RecordFailure.BadLength => "TLS record with an impossible length",
        RecordFailure.Overflow => "TLS record larger than RFC 8446 allows",
        RecordFailure.BadMac => "TLS record failed authentication (forged, corrupted, replayed or out of order)",
        RecordFailure.UnexpectedType => "TLS record of an unexpected type",
        RecordFailure.UnexpectedMessage => "unexpected TLS handshake message after the handshake",
        RecordFailure.Malformed => "malformed TLS alert or handshake message",
        RecordFailure.TooManyEmpty => "too many TLS records in a row without data",
        RecordFailure.PeerAlert => "the peer sent a fatal TLS alert",
        RecordFailure.KeyExhausted => "a TLS key reached its limit without a KeyUpdate",
        RecordFailure.Closed => "the TLS connection is already closed",
        _ => "the TLS library refused the record",
    };

    /// <summary>The alert that tells the peer (RFC 8446 section 6.2).</summary>
    internal static byte Alert(RecordFailure failure) => failure switch
    {
        RecordFailure.Overflow => 22,
        RecordFailure.BadMac => 20,
        RecordFailure.UnexpectedType or RecordFailure.UnexpectedMessage or RecordFailure.TooManyEmpty => 10,
        RecordFailure.BadLength or RecordFailure.Malformed => 50,
        _ => 80,
    };
}
