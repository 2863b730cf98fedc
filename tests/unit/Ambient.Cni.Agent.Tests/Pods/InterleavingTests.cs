namespace Ambient.Cni.Agent.Tests.Pods;

/// <summary>
/// Every order of faults, with more or less of the agent's work done in between: no pod is ever without rules and without guard, no guard is lifted
/// without proof, every pod ends where it belongs, and nothing outlives its reason.
/// </summary>
public sealed class InterleavingTests
{
    private static readonly Fault[] All = [Fault.SandboxRestart, Fault.AgentRestart, Fault.ProxyRestart, Fault.ConflistOverwritten, Fault.ApiError, Fault.PodDeleted];

    [Fact]
    public void EveryOrderOfDistinctFaults_UpToLengthSix_EndsWell()
    {
        int orders = 0;
        foreach (Fault[] order in Orders([]))
        {
            for (int seed = 0; seed < 3; seed++)
            {
                Play(order, seed + (3 * orders));
            }

            orders++;
        }

        Assert.Equal(1957, orders);
    }

    [Fact]
    public void EverySequenceWithRepetition_UpToLengthFour_EndsWell()
    {
        for (int length = 1; length <= 4; length++)
        {
            int count = (int)Math.Pow(All.Length, length);
            for (int number = 0; number < count; number++)
            {
                Play([.. Enumerable.Range(0, length).Select(i => All[number / (int)Math.Pow(All.Length, i) % All.Length])], (length * 10_000) + number);
            }
        }
    }

    [Fact]
    public void RandomSequences_OfLengthTwelve_EndWell()
    {
        int holds = 0;
        for (int seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            holds += Play([.. Enumerable.Range(0, 12).Select(_ => All[random.Next(All.Length)])], seed);
        }

        // Else nothing is said about pods whose new connections wait for the next proxy.
        Assert.InRange(holds, 100, int.MaxValue);
    }

    [Fact]
    public void JoiningAndLeaving_AmongFaults_EndsWell()
    {
        Fault[] all = [.. All, Fault.Relabelled, Fault.Relabelled];
        for (int seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            Play([.. Enumerable.Range(0, 6).Select(_ => all[random.Next(all.Length)])], seed);
        }
    }

    [Fact]
    public void OpenNode_PodsThatAreStrictStayClosed_AndAllEndWell()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            Play([.. Enumerable.Range(0, 6).Select(_ => All[random.Next(All.Length)])], seed, isStrict: false);
        }
    }

    private static int Play(Fault[] faults, int seed, bool isStrict = true)
    {
        var world = new NodeWorld(seed, string.Join(" → ", faults), isStrict);
        var random = new Random(seed);
        if (random.Next(3) > 0)
        {
            world.Settle();
        }

        foreach (Fault fault in faults)
        {
            world.Do(fault);
            world.Run(random.Next(4) switch { 0 => 0, 1 => random.Next(4), 2 => random.Next(25), _ => random.Next(150) });
        }

        world.Settle();
        return world.Holds;
    }

    /// <summary>All orders of distinct faults, the empty one included.</summary>
    private static IEnumerable<Fault[]> Orders(Fault[] before) =>
        All.Except(before).SelectMany(f => Orders([.. before, f])).Prepend(before);
}
