namespace Ambient.Kubernetes.Api;

/// <summary>What an API server says about a failure (<c>kind: Status</c>). Immutable.</summary>
internal sealed record ApiStatus
{
    /// <summary><c>kind</c>.</summary>
    public string? Kind { get; init; }

    /// <summary><c>status</c>: Success or Failure.</summary>
    public string? Status { get; init; }

    /// <summary><c>message</c>.</summary>
    public string? Message { get; init; }

    /// <summary><c>reason</c>.</summary>
    public string? Reason { get; init; }

    /// <summary><c>code</c>.</summary>
    public int Code { get; init; }

    /// <summary><c>details</c>.</summary>
    public ApiStatusDetails? Details { get; init; }
}
