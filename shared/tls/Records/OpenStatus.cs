namespace Ambient.Tls.Records;

/// <summary>What <see cref="RecordLayer.Open"/> found.</summary>
public enum OpenStatus : byte
{
    /// <summary>A record without data: KeyUpdate, ticket, padding.</summary>
    Nothing = 0,

    /// <summary>Application data.</summary>
    Data = 1,

    /// <summary>The peer's close_notify: nothing more comes.</summary>
    PeerClosed = 2,

    /// <summary>A protocol error, a forged record, or a fatal alert: close the connection.</summary>
    Failed = 3,
}
