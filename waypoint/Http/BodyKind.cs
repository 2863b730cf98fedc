namespace Ambient.Waypoint.Http;

/// <summary>What ends a body.</summary>
public enum BodyKind
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>Content-Length.</summary>
    Length,

    /// <summary>The last chunk.</summary>
    Chunked,

    /// <summary>The end of the connection (responses only).</summary>
    UntilClose,

    /// <summary>Nothing: after an upgrade both directions are plain bytes.</summary>
    Upgraded,
}
