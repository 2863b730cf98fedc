using Ambient.Protocol.L7;
using Ambient.Routing.Messages;

namespace Ambient.Routing.Access;

/// <summary>
/// All policies of one service at a waypoint: CUSTOM, AUDIT, DENY, ALLOW in this order (waypoint reference 2.6.1). Immutable.
/// </summary>
public sealed class AccessProgram
{
    private readonly CompiledPolicy[] _custom;
    private readonly bool _hasSeveralProviders;
    private readonly CompiledPolicy[] _deny;
    private readonly CompiledPolicy[] _allow;
    private readonly CompiledPolicy[] _dryDeny;
    private readonly CompiledPolicy[] _dryAllow;

    /// <summary>Compiles policies; what cannot be evaluated is said, and never allows more.</summary>
    public AccessProgram(IEnumerable<AccessPolicy> policies, AccessContext context, Action<string>? problem = null)
    {
        CompiledPolicy[] compiled = [.. policies.Select(policy => new CompiledPolicy(policy, context, problem ?? (static _ => { })))];
        _custom = Of(compiled, AccessAction.Custom, isDry: false);
        _hasSeveralProviders = _custom.DistinctBy(policy => policy.Source.Provider).Skip(1).Any();
        _deny = Of(compiled, AccessAction.Deny, isDry: false);
        _allow = Of(compiled, AccessAction.Allow, isDry: false);
        _dryDeny = Of(compiled, AccessAction.Deny, isDry: true);
        _dryAllow = Of(compiled, AccessAction.Allow, isDry: true);
    }

    /// <summary>Whether every request is let through without a look.</summary>
    public bool IsEmpty => _custom.Length + _deny.Length + _allow.Length + _dryDeny.Length + _dryAllow.Length == 0;

    /// <summary>Whether somebody outside may have to be asked.</summary>
    public bool HasProviders => _custom.Length > 0;

    /// <summary>
    /// The provider that must be asked about a request; null for none. Empty: policies of several providers are attached, which nobody can be asked about, and what one
    /// of them matches is denied (waypoint reference 2.6.8).
    /// </summary>
    public string? FindProvider(RequestFacts facts)
    {
        foreach (CompiledPolicy policy in _custom)
        {
            if (policy.FirstMatch(facts) >= 0)
            {
                return _hasSeveralProviders ? "" : policy.Source.Provider;
            }
        }

        return null;
    }

    /// <summary>DENY, then ALLOW.</summary>
    public AccessVerdict Evaluate(RequestFacts facts) => Evaluate(_deny, _allow, facts);

    /// <summary>Whether there are policies on trial, which change nothing.</summary>
    public bool HasDryRun => _dryDeny.Length + _dryAllow.Length > 0;

    /// <summary>What the DENY policies on trial would have said; null when there are none.</summary>
    public AccessVerdict? DryRunDeny(RequestFacts facts) => _dryDeny.Length == 0 ? null : Evaluate(_dryDeny, [], facts);

    /// <summary>What the ALLOW policies on trial would have said; null when there are none.</summary>
    public AccessVerdict? DryRunAllow(RequestFacts facts) => _dryAllow.Length == 0 ? null : Evaluate([], _dryAllow, facts);

    private static CompiledPolicy[] Of(CompiledPolicy[] policies, AccessAction action, bool isDry) =>
        [.. policies.Where(policy => policy.Source.Action == action && policy.Source.DryRun == isDry)];

    private static AccessVerdict Evaluate(CompiledPolicy[] deny, CompiledPolicy[] allow, RequestFacts facts)
    {
        foreach (CompiledPolicy policy in deny)
        {
            if (policy.FirstMatch(facts) is int rule and >= 0)
            {
                return new AccessVerdict(false, policy.Source, rule);
            }
        }

        foreach (CompiledPolicy policy in allow)
        {
            if (policy.FirstMatch(facts) is int rule and >= 0)
            {
                return new AccessVerdict(true, policy.Source, rule);
            }
        }

        return new AccessVerdict(allow.Length == 0, null, -1);
    }
}
