using Ambient.Mesh.Identities;
using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Limits;

/// <summary>What is left of a rule's limit at one of its targets. It outlives changes that leave the rule as it is. Thread-safe.</summary>
internal sealed class LimitBuckets(LimitRule rule)
{
    private readonly TokenBucket _one = new();
    private readonly CallerBuckets? _callers = rule.PerPrincipal ? new CallerBuckets() : null;

    public LimitRate Rate { get; } = LimitRate.Of(rule);

    /// <summary>The bucket that counts for a caller.</summary>
    public TokenBucket Of(SpiffeId? caller, long now) => _callers?.Of(caller, now) ?? _one;
}
