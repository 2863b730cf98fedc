using Ambient.Linux.Proc;

namespace Ambient.Cni.Agent.Running;

/// <summary>
/// Gives memory back that a busy moment took: the collector lets its youngest generation grow with the machine's cache, and a program that sleeps most
/// of the time would keep that for ever. A collection of this small heap takes some milliseconds. Used by one thread.
/// </summary>
internal sealed class MemoryTrim(TimeProvider time)
{
    private const long Slack = 2 * 1024 * 1024;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private long _last = time.GetTimestamp();
    private long _live;

    /// <summary>Looks; call it every few seconds. Whether memory was given back.</summary>
    public bool Look()
    {
        if (time.GetElapsedTime(_last) < Pause || GC.GetTotalMemory(forceFullCollection: false) - _live < Slack)
        {
            return false;
        }

        NativeHeap.Trim();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        (_last, _live) = (time.GetTimestamp(), GC.GetTotalMemory(forceFullCollection: false));
        return true;
    }
}
