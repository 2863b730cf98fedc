using Ambient.Protocol.L7;

namespace Ambient.Routing.Actions;

/// <summary>When and how a request is sent again (waypoint reference 2.1.3). Immutable.</summary>
public sealed class RetryRule
{
    private readonly HashSet<int> _codes;

    internal RetryRule(RetryPolicy source)
    {
        Attempts = (int)Math.Min(source.Attempts, 100);
        PerTryTimeout = TimeSpan.FromMilliseconds(source.PerTryTimeoutMs);
        BackoffBase = TimeSpan.FromMilliseconds(source.BackoffMs == 0 ? 25 : source.BackoffMs);
        AvoidsTriedHosts = !source.SameHosts;
        Conditions = source.Conditions.Aggregate(RetryConditions.None, (all, text) => all | Parse(text));
        _codes = [.. source.Codes.Select(code => (int)code)];
    }

    /// <summary>Tries after the first.</summary>
    public int Attempts { get; }

    /// <summary>The most that one try may take until its headers; zero for no limit.</summary>
    public TimeSpan PerTryTimeout { get; }

    /// <summary>The first pause is up to this, each further one up to twice as long, at most ten times this.</summary>
    public TimeSpan BackoffBase { get; }

    /// <summary>Whether a retry goes to another endpoint when there is one.</summary>
    public bool AvoidsTriedHosts { get; }

    /// <summary>What is worth a retry.</summary>
    public RetryConditions Conditions { get; }

    /// <summary>Reads one condition; none for an unknown one.</summary>
    public static RetryConditions Parse(string text) => text switch
    {
        "5xx" => RetryConditions.ServerError,
        "gateway-error" => RetryConditions.GatewayError,
        "reset" => RetryConditions.Reset,
        "reset-before-request" => RetryConditions.ResetBeforeRequest,
        "connect-failure" => RetryConditions.ConnectFailure,
        "retriable-4xx" => RetryConditions.Conflict,
        "envoy-ratelimited" => RetryConditions.RateLimited,
        "refused-stream" => RetryConditions.RefusedStream,
        "cancelled" => RetryConditions.Cancelled,
        "deadline-exceeded" => RetryConditions.DeadlineExceeded,
        "internal" => RetryConditions.Internal,
        "resource-exhausted" => RetryConditions.ResourceExhausted,
        "unavailable" => RetryConditions.Unavailable,
        _ => RetryConditions.None,
    };

    /// <summary>Whether a failure without response headers is worth another try.</summary>
    public bool AfterFailure(UpstreamFailure failure)
    {
        const RetryConditions Any = RetryConditions.ServerError | RetryConditions.GatewayError | RetryConditions.Reset;
        RetryConditions wanted = failure switch
        {
            UpstreamFailure.Overflow or UpstreamFailure.NoEndpoint or UpstreamFailure.Timeout => RetryConditions.None,
            UpstreamFailure.ConnectFailed or UpstreamFailure.ConnectTimeout => RetryConditions.ServerError | RetryConditions.GatewayError | RetryConditions.ConnectFailure,
            UpstreamFailure.Refused => Any | RetryConditions.RefusedStream | RetryConditions.ResetBeforeRequest,
            UpstreamFailure.ResetBeforeRequest => Any | RetryConditions.ResetBeforeRequest,
            _ => Any,
        };
        return (Conditions & wanted) != RetryConditions.None;
    }

    /// <summary>Whether a response is worth another try.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="grpcStatus">The grpc-status of the headers; −1 when they have none.</param>
    /// <param name="isRateLimited">Whether it has <c>x-envoy-ratelimited</c>: whoever limits wants no more of it, so only those who ask for it try again.</param>
    public bool AfterResponse(int status, int grpcStatus, bool isRateLimited = false)
    {
        if (isRateLimited)
        {
            return (Conditions & RetryConditions.RateLimited) != RetryConditions.None;
        }

        RetryConditions met = status switch
        {
            502 or 503 or 504 => RetryConditions.GatewayError | RetryConditions.ServerError,
            >= 500 and < 600 => RetryConditions.ServerError,
            409 => RetryConditions.Conflict,
            _ => RetryConditions.None,
        };
        met |= grpcStatus switch
        {
            1 => RetryConditions.Cancelled,
            4 => RetryConditions.DeadlineExceeded,
            8 => RetryConditions.ResourceExhausted,
            13 => RetryConditions.Internal,
            14 => RetryConditions.Unavailable,
            _ => RetryConditions.None,
        };
        return (Conditions & met) != RetryConditions.None || _codes.Contains(status);
    }

    /// <summary>The pause before a retry (1 is the first) for a random number from [0, 1).</summary>
    public TimeSpan Pause(int retry, double random) =>
        random * Math.Min(Math.Pow(2, Math.Min(retry, 20) - 1), 10) * BackoffBase;
}
