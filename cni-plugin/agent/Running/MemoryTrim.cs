using Ambient.Linux.Proc;

namespace Ambient.Cni.Agent.Running;

/// <summary>
/// Gives memory back that a busy moment took: the collector lets its youngest generation grow with the machine's cache, and a program that sleeps most
/// of the time would keep that for ever, as well as what reading every pod at the start left. A collection of this small heap takes some milliseconds. Used by one thread.
/// </summary>
internal sealed class MemoryTrim(TimeProvider time)
{
    private const long Slack = 2 * 1024 * 1024;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private long? _last;
    private long _live;

    /// <summary>Looks; call it every few seconds. While somebody waits for an answer nothing is done. Whether memory was given back.</summary>
    public bool Look(bool isBusy)
    {
        if (isBusy || (_last is { } last && time.GetElapsedTime(last) < Pause) || GC.GetTotalMemory(forceFullCollection: false) - _live < Slack)
        {
            return false;
        }

        NativeHeap.Trim();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        (_last, _live) = (time.GetTimestamp(), GC.GetTotalMemory(forceFullCollection: false));
        return true;
    }
}
