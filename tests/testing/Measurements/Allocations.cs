namespace Ambient.Testing.Measurements;

/// <summary>Managed bytes that a piece of code allocates on the calling thread.</summary>
public static class Allocations
{
    /// <summary>
    /// The least of three rounds, in bytes. The runtime allocates a few objects of its own in a round in which it re-compiles what has become hot;
    /// code that allocates does so in each of them.
    /// </summary>
    public static long LeastOf(Action round)
    {
        long least = long.MaxValue;
        for (int i = 0; i < 3; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            round();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
