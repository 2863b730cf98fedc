using Ambient.Protocol.L7;
using Kind = Ambient.Protocol.L7.Balancing;

namespace Ambient.Waypoint.Balancing;

/// <summary>One of several endpoints of one priority (waypoint reference 2.3.1). Pure but for the turn.</summary>
internal static class EndpointChoice
{
    private const double GoldenRatio = 0.6180339887498949;

    public static Candidate Of(Candidate[] usable, TrafficPolicy policy, Random random, ref int turn, long now)
    {
        bool isPlain = policy.WarmupMs == 0 && HasEqualWeights(usable);
        switch (policy.Balancing)
        {
            case Kind.RoundRobin when isPlain:
                return usable[(int)((uint)Interlocked.Increment(ref turn) % (uint)usable.Length)];
            case Kind.RoundRobin:
                // Steps of the golden ratio visit all shares evenly and in turn.
                return Weighted(usable, Fraction(Interlocked.Increment(ref turn) * GoldenRatio), candidate => Weight(candidate, policy, now));
            case Kind.Random or Kind.RingHash or Kind.Maglev:
                return isPlain || HasEqualWeights(usable) ? usable[random.Next(usable.Length)] : Weighted(usable, random.NextDouble(), static candidate => candidate.Weight);
            default:
                return isPlain ? LeastRequest(usable, random) : Weighted(usable, random.NextDouble(), candidate => Weight(candidate, policy, now) / (candidate.State.Active + 1));
        }
    }

    /// <summary>The part of its weight that a new endpoint gets, 0 to 1.</summary>
    public static double Warmth(long age, TrafficPolicy policy)
    {
        if (policy.WarmupMs == 0 || age >= (long)policy.WarmupMs)
        {
            return 1;
        }

        double least = (policy.WarmupMinPercent == 0 ? 10 : policy.WarmupMinPercent) / 100.0;
        double aggression = policy.WarmupAggression > 0 ? policy.WarmupAggression : 1;
        return Math.Max(least, Math.Pow((double)age / policy.WarmupMs, 1 / aggression));
    }

    private static double Weight(Candidate candidate, TrafficPolicy policy, long now) =>
        candidate.Weight * (policy.WarmupMs == 0 ? 1 : Warmth(candidate.State.Age(now), policy));

    private static bool HasEqualWeights(Candidate[] usable)
    {
        double first = usable[0].Weight;
        foreach (Candidate candidate in usable)
        {
            if (candidate.Weight != first)
            {
                return false;
            }
        }

        return true;
    }

    private static double Fraction(double value) => value - Math.Floor(value);

    private static Candidate Weighted(Candidate[] usable, double at, Func<Candidate, double> weight)
    {
        double[] weights = Array.ConvertAll(usable, candidate => weight(candidate));
        double left = at * weights.Sum();
        for (int i = 0; i < usable.Length; i++)
        {
            left -= weights[i];
            if (left < 0)
            {
                return usable[i];
            }
        }

        return usable[^1];
    }

    private static Candidate LeastRequest(Candidate[] usable, Random random)
    {
        int first = random.Next(usable.Length);
        int second = random.Next(usable.Length - 1);
        second += second >= first ? 1 : 0;
        return usable[first].State.Active <= usable[second].State.Active ? usable[first] : usable[second];
    }
}
