namespace Ambient.Waypoint.Observation;

/// <summary>Why a copy of a request did not reach whom it was for.</summary>
internal enum MirrorLoss
{
    /// <summary>There is no such service, or none of its endpoints is in service.</summary>
    NoEndpoint,

    /// <summary>Its TLS settings cannot be used.</summary>
    BrokenTls,

    /// <summary>Its connections begin with a client's address; copies have none.</summary>
    ProxyProtocol,

    /// <summary>There are as many copies, requests or connections as there may be.</summary>
    Overflow,

    /// <summary>It did not take it, or did not answer, in time.</summary>
    TooSlow,

    /// <summary>The connection failed.</summary>
    Failed,
}
