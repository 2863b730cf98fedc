namespace Ambient.Waypoint.Limits;

/// <summary>The tokens of one request while it is judged. Loop-affine: one for all requests of a loop.</summary>
internal sealed class TakenTokens
{
    private const int Tries = 3;

    private readonly List<(LimitedRule Rule, TokenBucket Bucket, long Before)> _tokens = [];

    /// <summary>Rules that have given a token to the last request.</summary>
    public int Count => _tokens.Count;

    public LimitedRule this[int index] => _tokens[index].Rule;

    /// <summary>
    /// Takes a token of each rule that matches, if all of them have one, and none otherwise. The rule that had none; null when there is no such.
    /// </summary>
    public LimitedRule? Take(LimitedRule[] rules, Routing.Messages.RequestFacts facts, long now, out long wait)
    {
        for (int i = 1; ; i++)
        {
            if (Look(rules, facts, now, out wait) is { } empty)
            {
                return empty;
            }

            // Between the look and this others may have been faster, or a bucket may have been given up.
            int missing = TakeAll(now);
            if (missing < 0)
            {
                return null;
            }

            (LimitedRule refusing, TokenBucket bucket, _) = _tokens[missing];
            if (!bucket.IsRetired || i == Tries)
            {
                wait = bucket.WaitFor(refusing.Buckets.Rate, now);
                _tokens.Clear();
                return refusing;
            }
        }
    }

    /// <summary>Finds the buckets and looks into them: who is refused by one rule takes nothing of the others.</summary>
    private LimitedRule? Look(LimitedRule[] rules, Routing.Messages.RequestFacts facts, long now, out long wait)
    {
        _tokens.Clear();
        (wait, LimitedRule? empty) = (0, null);
        foreach (LimitedRule rule in rules)
        {
            if (!rule.Condition.Matches(facts))
            {
                continue;
            }

            TokenBucket bucket = rule.Buckets.Of(facts.Client, now);
            long needed = bucket.WaitFor(rule.Buckets.Rate, now);
            if (needed > wait)
            {
                (wait, empty) = (needed, rule);
            }

            _tokens.Add((rule, bucket, 0));
        }

        if (empty is not null)
        {
            _tokens.Clear();
        }

        return empty;
    }

    /// <summary>Takes them one by one; the index of the first that could not be had, those before it are given back. −1: all are taken.</summary>
    private int TakeAll(long now)
    {
        for (int i = 0; i < _tokens.Count; i++)
        {
            (LimitedRule rule, TokenBucket bucket, _) = _tokens[i];
            if (bucket.TryTake(rule.Buckets.Rate, now, out long before))
            {
                _tokens[i] = (rule, bucket, before);
                continue;
            }

            for (int taken = i - 1; taken >= 0; taken--)
            {
                _tokens[taken].Bucket.PutBack(_tokens[taken].Rule.Buckets.Rate, now, _tokens[taken].Before);
            }

            return i;
        }

        return -1;
    }
}
