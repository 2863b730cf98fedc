using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Ambient.Protocol.L7;
using Ambient.Routing.Limits;

namespace Ambient.Waypoint.Limits;

/// <summary>A LocalRateLimit, compiled, with its buckets. Immutable, but for what is in those.</summary>
internal sealed class LimitedPolicy
{
    private readonly Dictionary<string, LimitedRule[]> _rules = new(StringComparer.Ordinal);

    private LimitedPolicy(LimitPolicy source, LimitCounters counters) => (Source, Counters) = (source, counters);

    public LimitPolicy Source { get; }

    public LimitCounters Counters { get; }

    /// <summary>What it is attached to: services by name, and the empty name for everything that the waypoint serves.</summary>
    public IEnumerable<string> Scopes => _rules.Keys;

    /// <summary>Compiles a policy. A rule that is word by word one of <paramref name="before"/> goes on with its buckets; every other begins with full ones.</summary>
    public static bool TryCompile(LimitPolicy source, LimitedPolicy? before, IReadOnlyList<string> domains, LimitCounters counters, [NotNullWhen(true)] out LimitedPolicy? compiled, [NotNullWhen(false)] out string? error)
    {
        compiled = null;
        LimitCondition[] conditions = new LimitCondition[source.Rules.Count];
        for (int i = 0; i < conditions.Length; i++)
        {
            LimitRule rule = source.Rules[i];
            error = rule.Requests == 0 || rule.PeriodMs == 0 ? "requests and period must not be 0" : null;
            if (error is not null || !LimitCondition.TryCompile(rule, domains, source.Namespace, out conditions[i]!, out error))
            {
                error = string.Create(CultureInfo.InvariantCulture, $"rule {i}: {error}");
                return false;
            }
        }

        LimitedPolicy policy = new(source, counters);
        foreach (string scope in source.Attachments.Select(static attachment => attachment.All ? "" : attachment.Service).Distinct(StringComparer.Ordinal))
        {
            List<LimitedRule> old = [.. before?.At(scope) ?? []];
            policy._rules[scope] = [.. source.Rules.Select((rule, index) => policy.Make(rule, index, conditions[index], old))];
        }

        compiled = policy;
        error = null;
        return true;
    }

    /// <summary>Its rules for one of its targets.</summary>
    public LimitedRule[] At(string scope) => _rules.GetValueOrDefault(scope) ?? [];

    private LimitedRule Make(LimitRule rule, int index, LimitCondition condition, List<LimitedRule> old)
    {
        int same = old.FindIndex(candidate => candidate.Source.Equals(rule));
        LimitBuckets buckets = same < 0 ? new LimitBuckets(rule) : old[same].Buckets;
        if (same >= 0)
        {
            // Two rules that say the same have a bucket each.
            old.RemoveAt(same);
        }

        return new LimitedRule(this, rule, index, condition, buckets);
    }
}
