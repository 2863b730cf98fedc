namespace Ambient.Xds.Server.Sessions;

/// <summary>What a request was, for metrics; the names are label values.</summary>
public enum RequestKind
{
    /// <summary>The first of its type on this stream.</summary>
    First = 0,

    /// <summary>A response was accepted.</summary>
    Ack = 1,

    /// <summary>A response was refused.</summary>
    Nack = 2,

    /// <summary>Names were subscribed or unsubscribed.</summary>
    Subscription = 3,

    /// <summary>It answers a response that is not the last one, or says nothing.</summary>
    Stale = 4,
}
