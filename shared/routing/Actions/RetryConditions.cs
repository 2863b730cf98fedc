namespace Ambient.Routing.Actions;

/// <summary>What is worth a retry (waypoint reference 2.1.3).</summary>
[Flags]
public enum RetryConditions
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary><c>5xx</c>: any 5xx, or no response at all.</summary>
    ServerError = 1,

    /// <summary><c>gateway-error</c>: 502, 503, 504, or no response.</summary>
    GatewayError = 2,

    /// <summary><c>reset</c>: no response headers.</summary>
    Reset = 4,

    /// <summary><c>reset-before-request</c>: reset before anything was sent.</summary>
    ResetBeforeRequest = 8,

    /// <summary><c>connect-failure</c>.</summary>
    ConnectFailure = 16,

    /// <summary><c>retriable-4xx</c>: 409.</summary>
    Conflict = 32,

    /// <summary><c>refused-stream</c>.</summary>
    RefusedStream = 64,

    /// <summary>gRPC 1.</summary>
    Cancelled = 128,

    /// <summary>gRPC 4.</summary>
    DeadlineExceeded = 256,

    /// <summary>gRPC 8.</summary>
    ResourceExhausted = 512,

    /// <summary>gRPC 13.</summary>
    Internal = 1024,

    /// <summary>gRPC 14.</summary>
    Unavailable = 2048,

    /// <summary><c>envoy-ratelimited</c>: an answer with <c>x-envoy-ratelimited</c>.</summary>
    RateLimited = 4096,
}
