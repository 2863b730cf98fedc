using System.Globalization;
using Ambient.Protocol.L7;
using Ambient.Routing.Limits;
using Ambient.Waypoint.Forwarding;

namespace Ambient.Waypoint.Limits;

/// <summary>A rule of a LocalRateLimit at one of its targets. Immutable, but for its buckets.</summary>
internal sealed class LimitedRule(LimitedPolicy policy, LimitRule source, int index, LimitCondition condition, LimitBuckets buckets)
{
    private const string Body = "local_rate_limited";

    public LimitedPolicy Policy { get; } = policy;

    public LimitRule Source { get; } = source;

    public LimitCondition Condition { get; } = condition;

    public LimitBuckets Buckets { get; } = buckets;

    /// <summary>What those are told that it refuses; which rule it was only logs say.</summary>
    public LocalAnswer Answer { get; } =
        new(429, Body, ResponseFlags.RateLimited, string.Create(CultureInfo.InvariantCulture, $"{Body}{{ns[{policy.Source.Namespace}]-policy[{policy.Source.Name}]-rule[{index}]}}"));

    /// <summary>The status of gRPC in that answer.</summary>
    public int GrpcStatus { get; } = policy.Source.GrpcStatus == 0 ? LocalAnswer.GrpcStatus(429) : (int)policy.Source.GrpcStatus;
}
