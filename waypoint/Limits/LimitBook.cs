using Ambient.Mesh.Services;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Configuration;

namespace Ambient.Waypoint.Limits;

/// <summary>All LocalRateLimits, by resource name, with their buckets. Not thread-safe.</summary>
internal sealed class LimitBook(LimitMetrics metrics)
{
    private readonly SortedDictionary<string, LimitedPolicy> _policies = new(StringComparer.Ordinal);
    private string[] _domains = [];

    /// <summary>As the control plane wrote them.</summary>
    public IReadOnlyList<LimitPolicy> Sources => [.. _policies.Values.Select(static policy => policy.Source)];

    /// <summary>Takes a change; whether it is about everything that is served, and otherwise about which services.</summary>
    public bool Apply(ConfigurationChange change, string[] domains, HashSet<NamespacedHostname> due)
    {
        bool isAllDue = false;
        foreach (string name in change.Limits.Removed)
        {
            if (_policies.Remove(name, out LimitedPolicy? gone))
            {
                isAllDue |= Touch(gone, due);
            }
        }

        foreach ((string name, LimitPolicy policy) in change.Limits.Changed)
        {
            isAllDue |= Set(name, policy, domains, change.Refuse, due);
        }

        if (!_domains.SequenceEqual(domains, StringComparer.Ordinal))
        {
            _domains = domains;
            foreach ((string name, LimitedPolicy policy) in _policies.ToArray())
            {
                isAllDue |= Set(name, policy.Source, domains, change.Refuse, due);
            }
        }

        return isAllDue;
    }

    /// <summary>The limits of a service; the empty name: of workloads that are dialled by their own addresses, for which only those of everything hold.</summary>
    public LimitProgram For(string service)
    {
        LimitedRule[][] rules = [.. _policies.Values.Select(policy => service.Length == 0 ? policy.At("") : [.. policy.At(""), .. policy.At(service)]).Where(static found => found.Length > 0)];
        return rules.Length == 0 ? LimitProgram.Empty : new LimitProgram(rules);
    }

    private bool Set(string name, LimitPolicy policy, string[] domains, Action<string, string> refuse, HashSet<NamespacedHostname> due)
    {
        LimitedPolicy? before = _policies.GetValueOrDefault(name);
        if (!LimitedPolicy.TryCompile(policy, before, domains, metrics.Of($"{policy.Namespace}/{policy.Name}"), out LimitedPolicy? compiled, out string? error))
        {
            refuse(name, error);
            return false;
        }

        _policies[name] = compiled;
        return Touch(compiled, due) | (before is not null && Touch(before, due));
    }

    private static bool Touch(LimitedPolicy policy, HashSet<NamespacedHostname> due)
    {
        bool isAll = false;
        foreach (string scope in policy.Scopes)
        {
            int slash = scope.IndexOf('/', StringComparison.Ordinal);
            isAll |= scope.Length == 0;
            if (slash > 0)
            {
                due.Add(new NamespacedHostname(scope[..slash], scope[(slash + 1)..]));
            }
        }

        return isAll;
    }
}
