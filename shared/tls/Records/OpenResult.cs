namespace Ambient.Tls.Records;

/// <summary>What one record held. Immutable.</summary>
public readonly struct OpenResult
{
    private OpenResult(OpenStatus status, int offset, int length, RecordFailure failure)
    {
        Status = status;
        Offset = offset;
        Length = length;
        Failure = failure;
    }

    /// <summary>What happened.</summary>
    public OpenStatus Status { get; }

    /// <summary>Why opening failed.</summary>
    public RecordFailure Failure { get; }

    /// <summary>Where the plaintext begins, from the record's first byte.</summary>
    public int Offset { get; }

    /// <summary>Bytes of plaintext, at least 1 for <see cref="OpenStatus.Data"/>.</summary>
    public int Length { get; }

    /// <summary>Application data.</summary>
    public static OpenResult Data(int offset, int length) => new(OpenStatus.Data, offset, length, RecordFailure.None);

    /// <summary>A record without data for the application.</summary>
    public static OpenResult Nothing => new(OpenStatus.Nothing, 0, 0, RecordFailure.None);

    /// <summary>close_notify.</summary>
    public static OpenResult PeerClosed => new(OpenStatus.PeerClosed, 0, 0, RecordFailure.None);

    /// <summary>The connection is beyond repair.</summary>
    public static OpenResult Failed(RecordFailure failure) => new(OpenStatus.Failed, 0, 0, failure);
}
