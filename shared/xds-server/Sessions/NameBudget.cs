namespace Ambient.Xds.Server.Sessions;

/// <summary>How many names all clients together may subscribe to: what one may, times how many there may be, is more than there is memory. Thread-safe.</summary>
internal sealed class NameBudget(long most)
{
    private long _used;

    /// <summary>How many there are.</summary>
    internal long Used => Interlocked.Read(ref _used);

    /// <summary>Takes some more, or gives some back; false, and nothing is taken, when there would be too many.</summary>
    internal bool TryChange(long by)
    {
        if (Interlocked.Add(ref _used, by) <= most || by <= 0)
        {
            return true;
        }

        Interlocked.Add(ref _used, -by);
        return false;
    }
}
