using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;

namespace Ambient.Waypoint.Limits;

/// <summary>
/// Counts whom limits let pass, by policy. Names of policies come and go while series stay: beyond <see cref="MaxPolicies"/>, new ones are counted together. Thread-safe.
/// </summary>
internal sealed class LimitMetrics(MetricRegistry registry)
{
    /// <summary>Policies that are counted one by one.</summary>
    public const int MaxPolicies = 1024;

    private const int Results = 3;
    private const string Others = "other";

    private readonly MetricFamily _requests = registry.AddCounter("ambient_waypoint_rate_limit_requests", "Requests that local rate limits counted, by policy: allowed, limited, or would_limit on trial.", "policy", "result");

    /// <summary>Where trials are logged; null: nowhere.</summary>
    public Logger? Log { get; init; }

    /// <summary>The counters of a policy.</summary>
    /// <param name="policy">Namespace and name.</param>
    public LimitCounters Of(string policy)
    {
        string named = _requests.Count < MaxPolicies * Results || _requests.Contains(MetricLabels.Of(["policy", "result"], [policy, "allowed"])) ? policy : Others;
        return new LimitCounters(policy, _requests.With(named, "allowed"), _requests.With(named, "limited"), _requests.With(named, "would_limit"), Log);
    }
}
