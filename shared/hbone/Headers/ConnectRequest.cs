namespace Ambient.Hbone.Headers;

/// <summary>The fields of a CONNECT that HBONE knows (ztunnel.md 2.4). Immutable.</summary>
public sealed class ConnectRequest
{
    /// <summary><c>ip:port</c> (IPv6 in brackets) or <c>hostname:port</c>.</summary>
    public required string Authority { get; init; }

    /// <summary>Description of the source workload; several header lines are joined by commas.</summary>
    public string? Baggage { get; init; }

    /// <summary>The application's address and the Service it meant.</summary>
    public string? Forwarded { get; init; }

    /// <summary>W3C trace context.</summary>
    public string? Traceparent { get; init; }

    /// <summary>The caller's network, on the inner request of two nested tunnels.</summary>
    public string? ForwardedNetwork { get; init; }

    /// <summary>
    /// What kind of proxy asks, on the outer request of two nested tunnels: <c>waypoint</c> says that routes and policies were applied already; null: nothing is said.
    /// </summary>
    public string? Source { get; init; }
}
