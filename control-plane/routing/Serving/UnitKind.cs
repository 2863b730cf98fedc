namespace Ambient.ControlPlane.Routing.Serving;

/// <summary>The pieces that a waypoint's configuration is made of.</summary>
internal enum UnitKind
{
    /// <summary>What holds for the waypoint as a whole.</summary>
    Settings,

    /// <summary>A RequestAuthentication.</summary>
    Tokens,

    /// <summary>An AuthorizationPolicy.</summary>
    Access,

    /// <summary>A LocalRateLimit.</summary>
    Limits,

    /// <summary>The ports of an ingress gateway, with their routes and certificates.</summary>
    Edge,

    /// <summary>The routes of a service; they decide which destinations there are, so they are computed first.</summary>
    Routes,

    /// <summary>How a service is reached.</summary>
    Destination,
}
