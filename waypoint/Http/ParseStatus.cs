namespace Ambient.Waypoint.Http;

/// <summary>What became of bytes that should be the head of a message.</summary>
internal enum ParseStatus
{
    /// <summary>More bytes are needed.</summary>
    Incomplete,

    /// <summary>It is whole.</summary>
    Complete,

    /// <summary>It is none; see the error.</summary>
    Bad,
}
