namespace Ambient.Waypoint.Observation.Export;

/// <summary>How the sending of a batch ended.</summary>
internal enum SendResult
{
    /// <summary>It was taken.</summary>
    Sent,

    /// <summary>It was not; later it may be.</summary>
    TryAgain,

    /// <summary>It never will be.</summary>
    Refused,
}
