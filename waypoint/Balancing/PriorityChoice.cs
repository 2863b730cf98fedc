namespace Ambient.Waypoint.Balancing;

/// <summary>
/// Which priority is used: the first while 1.4 times its healthy share makes a whole, else what is missing goes to the next (waypoint reference 2.3.1). Pure.
/// </summary>
internal static class PriorityChoice
{
    private const double Overprovisioning = 1.4;

    public static Candidate[] Of(Candidate[] all, Candidate[] healthy, Random random)
    {
        int last = 0;
        foreach (Candidate candidate in all)
        {
            last = Math.Max(last, candidate.Priority);
        }

        if (last == 0 || healthy.Length == 0)
        {
            return healthy;
        }

        double[] loads = Loads(all, healthy, last + 1);
        double at = random.NextDouble() * loads.Sum();
        int chosen = 0;
        while (chosen < last && at >= loads[chosen])
        {
            at -= loads[chosen++];
        }

        Candidate[] found = Array.FindAll(healthy, candidate => candidate.Priority == chosen);
        return found.Length > 0 ? found : healthy;
    }

    private static double[] Loads(Candidate[] all, Candidate[] healthy, int levels)
    {
        double[] loads = new double[levels];
        double left = 1;
        for (int level = 0; level < levels; level++)
        {
            int members = all.Count(candidate => candidate.Priority == level);
            int usable = healthy.Count(candidate => candidate.Priority == level);
            double health = members == 0 ? 0 : Math.Min(1, Overprovisioning * usable / members);
            loads[level] = Math.Min(left, health);
            left -= loads[level];
        }

        return loads;
    }
}
