namespace Ambient.Waypoint.Forwarding;

/// <summary>
/// What all requests of a loop may keep of bodies together (for another try, for an authoriser, for a mirror): the windows of their clients do not bound it, as what is kept
/// was taken from them. Loop-affine.
/// </summary>
/// <param name="most">Bytes.</param>
internal sealed class ByteBudget(long most)
{
    /// <summary>Bytes of one loop: thousands of usual requests, and no threat to the process.</summary>
    public const long PerLoop = 64 * 1024 * 1024;

    /// <summary>Bytes that are taken.</summary>
    public long Taken { get; private set; }

    /// <summary>Takes so many bytes; false when that is too much.</summary>
    public bool TryTake(long bytes)
    {
        if (Taken + bytes > most)
        {
            return false;
        }

        Taken += bytes;
        return true;
    }

    /// <summary>Gives bytes back.</summary>
    public void Give(long bytes) => Taken -= bytes;
}
