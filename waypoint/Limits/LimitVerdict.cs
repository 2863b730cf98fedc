namespace Ambient.Waypoint.Limits;

/// <summary>What limits say about a request. Immutable.</summary>
/// <param name="Refusing">The rule that has no token; null: it may pass.</param>
/// <param name="Wait">How long until there is one, in units of <see cref="LimitRate"/>.</param>
internal readonly record struct LimitVerdict(LimitedRule? Refusing, long Wait)
{
    /// <summary>Whole seconds, for <c>retry-after</c>.</summary>
    public long Seconds => LimitRate.Seconds(Wait);
}
