namespace Ambient.Routing.Routes;

/// <summary>What a route is found by.</summary>
internal enum RouteKeyKind
{
    /// <summary>Nothing: it is looked at for every request.</summary>
    None,

    /// <summary>The whole path.</summary>
    Path,

    /// <summary>The path begins so.</summary>
    Prefix,

    /// <summary>A header has this value.</summary>
    Header,

    /// <summary>A query parameter has this value.</summary>
    Query,

    /// <summary>Host and port are these.</summary>
    Authority,
}
