namespace Ambient.Kubernetes.Api;

/// <summary>More about a failure. Immutable.</summary>
internal sealed record ApiStatusDetails
{
    /// <summary><c>retryAfterSeconds</c>.</summary>
    public int? RetryAfterSeconds { get; init; }
}
