namespace Ambient.Waypoint.Http;

/// <summary>What a client's connection is doing.</summary>
internal enum HttpActivity
{
    /// <summary>A head has begun and is not whole, or nothing has come at all.</summary>
    Head,

    /// <summary>No request is under way.</summary>
    Idle,

    /// <summary>A request is under way, or bytes are relayed.</summary>
    Busy,

    /// <summary>All is said; the client has to go.</summary>
    Closing,
}
