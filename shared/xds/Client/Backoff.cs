namespace Ambient.Xds.Client;

/// <summary>How long to wait before the next connection (ztunnel reference section 4.4, with its advice 28 and 29). Not thread-safe.</summary>
/// <remarks>
/// A stream that brought something and then ended in a usual way is replaced at once. One that brought nothing counts as a failure however
/// it ended, or a server that hangs up on everyone would be called hundreds of times a second.
/// </remarks>
internal sealed class Backoff(TimeSpan first, TimeSpan max, double jitter, Random random)
{
    private TimeSpan? _current;

    internal TimeSpan After(StreamEnd end, bool broughtSomething)
    {
        if (broughtSomething && end is StreamEnd.Reconnect or StreamEnd.Complete)
        {
            _current = null;
            return end == StreamEnd.Complete ? TimeSpan.Zero : first;
        }

        TimeSpan doubled = (_current ?? first) * 2;
        TimeSpan wait = doubled < max ? doubled : max;
        _current = wait;
        return wait * (1 - (jitter * random.NextDouble()));
    }
}
