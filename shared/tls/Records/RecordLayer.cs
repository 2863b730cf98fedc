namespace Ambient.Tls.Records;

/// <summary>
/// Protects and opens TLS 1.3 records in place (RFC 8446 section 5). Loop-affine: one caller at a time.
/// </summary>
/// <remarks>
/// A record lies as header (5 bytes), plaintext, then content type and tag (17 bytes); both implementations keep this
/// layout. After every <see cref="Open"/> look at <see cref="HasPendingControl"/>, and drain it before the next <see cref="Seal"/>:
/// those records belong on the wire behind what was sealed before and in front of what is sealed next.
/// </remarks>
public abstract unsafe class RecordLayer : IDisposable
{
    /// <summary>Bytes in front of the plaintext.</summary>
    public const int HeaderSize = 5;

    /// <summary>Bytes behind the plaintext: content type and tag.</summary>
    public const int TrailerSize = 17;

    /// <summary>The most plaintext that one record carries (2^14).</summary>
    public const int MaxPlaintext = 16384;

    /// <summary>The largest record that a peer may send, header included (RFC 8446 section 5.2).</summary>
    public const int MaxRecord = HeaderSize + MaxPlaintext + 256;

    /// <summary>Room that <see cref="PendingControl"/> and <see cref="CloseNotify"/> never exceed.</summary>
    public const int MaxControl = 128;

    /// <summary>The negotiated cipher suite.</summary>
    public abstract CipherSuite CipherSuite { get; }

    /// <summary>Whether <see cref="PendingControl"/> has records to send (KeyUpdate, or the alert after a failure).</summary>
    public abstract bool HasPendingControl { get; }

    /// <summary>The alert that ended the connection, when <see cref="Open"/> failed with <see cref="RecordFailure.PeerAlert"/>; see <see cref="TlsAlerts"/>.</summary>
    public byte PeerAlert { get; protected set; }

    /// <summary>
    /// Protects the plaintext (1 to <see cref="MaxPlaintext"/> bytes) that lies at <paramref name="record"/> + <see cref="HeaderSize"/>; the buffer has
    /// <see cref="TrailerSize"/> bytes of room behind it. Returns the whole record's length, negative when the layer has failed
    /// or is closed for writing.
    /// </summary>
    public abstract int Seal(byte* record, int plaintextLength);

    /// <summary>Opens one whole record in place. A failure is final; its alert waits in <see cref="PendingControl"/>.</summary>
    public abstract OpenResult Open(byte* record, int recordLength);

    /// <summary>Writes records that the protocol wants sent (KeyUpdate, a fatal alert); returns their bytes, 0 normally.</summary>
    public abstract int PendingControl(byte* buffer, int capacity);

    /// <summary>Writes our close_notify, once; returns its bytes, 0 when already written or failed. Nothing can be sealed afterwards.</summary>
    public abstract int CloseNotify(byte* buffer, int capacity);

    /// <summary>Gives back what an idle connection doesn't need; the next record brings it back (about a microsecond).</summary>
    public virtual void ReleaseIdleMemory()
    {
    }

    /// <summary>
    /// Copies secrets and sequence numbers for another process to go on with. From then on only one of the two may seal: the
    /// same sequence number must never protect two records.
    /// </summary>
    /// <exception cref="NotSupportedException">This layer keeps its state inside libssl.</exception>
    public virtual TrafficState Export() => throw new NotSupportedException("The reference record layer keeps its state inside libssl and can't be handed over.");

    /// <summary>Goes on where <see cref="Export"/> stopped.</summary>
    /// <exception cref="ArgumentException">The state isn't one that <see cref="Export"/> makes.</exception>
    public static RecordLayer Import(TrafficState state)
    {
        if (!KeySchedule.IsSupported(state.CipherSuite)
            || state.WriteSecret.Length != KeySchedule.SecretLength(state.CipherSuite)
            || state.ReadSecret.Length != state.WriteSecret.Length
            || state.MessageHeaderBytes > 4
            || state.MessageRemaining < 0)
        {
            throw new ArgumentException("The traffic state names an unknown cipher suite or has secrets of a wrong length.", nameof(state));
        }

        return new EvpRecordLayer(state);
    }

    /// <summary>Wipes the secrets.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees native state.</summary>
    protected abstract void Dispose(bool disposing);
}
