using Ambient.Linux.Native;

namespace Ambient.Linux.Proc;

/// <summary>
/// The C library's heap of this process, for programs that must stay small while many threads use native libraries. A C library other than glibc has no
/// such switches: then nothing happens. Thread-safe.
/// </summary>
public static class NativeHeap
{
    /// <summary>Lets all threads share this many arenas: each keeps what was freed in it. Call it before threads start; whether it is in force.</summary>
    public static bool LimitArenas(int count)
    {
        try
        {
            return Libc.mallopt(Libc.M_ARENA_MAX, count) == 1;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Gives free memory back to the kernel; whether there was any.</summary>
    public static bool Trim()
    {
        try
        {
            return Libc.malloc_trim(0) == 1;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }
}
