using Ambient.Routing.Messages;

namespace Ambient.Waypoint.Limits;

/// <summary>All limits of one service at a waypoint. Immutable, but for their buckets.</summary>
internal sealed class LimitProgram
{
    private readonly LimitedRule[] _enforced;
    private readonly LimitedRule[][] _trials;

    /// <summary>The rules of policies, those of one policy together.</summary>
    public LimitProgram(IReadOnlyCollection<LimitedRule[]> policies)
    {
        _enforced = [.. policies.Where(static rules => rules.Length > 0 && !rules[0].Policy.Source.DryRun).SelectMany(static rules => rules)];
        _trials = [.. policies.Where(static rules => rules.Length > 0 && rules[0].Policy.Source.DryRun)];
    }

    /// <summary>No limits.</summary>
    public static LimitProgram Empty { get; } = new([]);

    /// <summary>The rules that refuse, of all policies.</summary>
    public LimitedRule[] Enforced => _enforced;

    /// <summary>Whether every request passes without a look.</summary>
    public bool IsEmpty => _enforced.Length + _trials.Length == 0;

    /// <summary>Takes the tokens of a request, or finds who refuses it, and counts that. Policies on trial see what passes, each as if it were the only one.</summary>
    public LimitVerdict Judge(RequestFacts facts, long now, TakenTokens tokens)
    {
        LimitedRule? refusing = tokens.Take(_enforced, facts, now, out long wait);
        if (refusing is not null)
        {
            refusing.Policy.Counters.Limited.Increment();
            return new LimitVerdict(refusing, wait);
        }

        CountAllowed(tokens);
        foreach (LimitedRule[] trial in _trials)
        {
            if (tokens.Take(trial, facts, now, out _) is { } would)
            {
                would.Policy.Counters.NoteTrial(now);
            }
            else
            {
                CountAllowed(tokens);
            }
        }

        return new LimitVerdict(null, 0);
    }

    // Once per policy, whose rules stand together.
    private static void CountAllowed(TakenTokens tokens)
    {
        for (int i = 0; i < tokens.Count; i++)
        {
            if (i == 0 || !ReferenceEquals(tokens[i].Policy, tokens[i - 1].Policy))
            {
                tokens[i].Policy.Counters.Allowed.Increment();
            }
        }
    }
}
