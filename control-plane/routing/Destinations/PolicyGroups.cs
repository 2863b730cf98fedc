using Ambient.ControlPlane.Routing.Reading;

namespace Ambient.ControlPlane.Routing.Destinations;

/// <summary>
/// The parts of a traffic policy, which are inherited one by one from less to more specific levels (waypoint reference 2.3). Immutable.
/// </summary>
internal sealed record PolicyGroups(SpecReader? Balancing, SpecReader? Pool, SpecReader? Outliers, SpecReader? Tls, SpecReader? Proxy, SpecReader? Budget, SpecReader? Tunnel, bool IsTlsMalformed)
{
    public static PolicyGroups None { get; } = new(null, null, null, null, null, null, null, false);

    /// <summary>Whether anything is said about TLS, also that there is none.</summary>
    public bool SaysTls => Tls is not null || IsTlsMalformed;

    public static PolicyGroups Read(SpecReader policy) => new(
        policy.Object("loadBalancer"),
        policy.Object("connectionPool"),
        policy.Object("outlierDetection"),
        policy.Object("tls"),
        policy.Object("proxyProtocol"),
        policy.Object("retryBudget"),
        policy.Object("tunnel"),
        policy.Has("tls") && policy.Object("tls") is null);

    /// <summary>A subset over its destination: a part that it has replaces the whole part.</summary>
    public PolicyGroups Over(PolicyGroups lower) => new(
        Balancing ?? lower.Balancing,
        Pool ?? lower.Pool,
        Outliers ?? lower.Outliers,
        SaysTls ? Tls : lower.Tls,
        Proxy ?? lower.Proxy,
        Budget ?? lower.Budget,
        Tunnel ?? lower.Tunnel,
        SaysTls ? IsTlsMalformed : lower.IsTlsMalformed);

    /// <summary>A port over all else: its four parts replace the others' also by not being there, the three that it cannot have stay (Q8).</summary>
    public PolicyGroups AsPortOver(PolicyGroups lower) => this with { Proxy = lower.Proxy, Budget = lower.Budget, Tunnel = lower.Tunnel };
}
