namespace Ambient.Routing.Tokens;

/// <summary>Where a token may be.</summary>
internal enum TokenPlace
{
    /// <summary>A header field.</summary>
    Header,

    /// <summary>A query parameter.</summary>
    Query,

    /// <summary>A cookie.</summary>
    Cookie,
}
