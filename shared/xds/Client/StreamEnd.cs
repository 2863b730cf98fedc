namespace Ambient.Xds.Client;

/// <summary>How a stream ended; the names are the metric's label values.</summary>
public enum StreamEnd
{
    /// <summary>The server could not be reached.</summary>
    ConnectionError = 0,

    /// <summary>A usual end: the server restarts or balances its clients.</summary>
    Reconnect = 1,

    /// <summary>Any other failure.</summary>
    Error = 2,

    /// <summary>The server ended it without an error.</summary>
    Complete = 3,
}
