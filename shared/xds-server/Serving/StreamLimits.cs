using System.Runtime.InteropServices;

namespace Ambient.Xds.Server.Serving;

/// <summary>
/// How many streams one caller has, and how fast callers come. It is asked once who calls is known: nobody unknown can use up what others need. Thread-safe.
/// </summary>
internal sealed class StreamLimits(XdsServerOptions options, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _open = new(StringComparer.Ordinal);
    private readonly TimeSpan _each = TimeSpan.FromSeconds(1.0 / options.StreamsPerSecond);
    private readonly long _began = clock.GetTimestamp();

    // Since we began, not by the clock on the wall: that one may be put back.
    private TimeSpan _paidUntil = TimeSpan.MinValue;

    /// <summary>How many different callers have streams.</summary>
    internal int Callers
    {
        get
        {
            lock (_gate)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>Whether a caller may have one more stream; then it <see cref="Leave"/>s later.</summary>
    internal bool TryEnter(XdsCaller caller)
    {
        string who = Name(caller);
        lock (_gate)
        {
            if (_open.GetValueOrDefault(who) >= (caller.Pod.Length > 0 ? options.MaxStreamsOfPod : options.MaxStreamsOfIdentity))
            {
                return false;
            }

            CollectionsMarshal.GetValueRefOrAddDefault(_open, who, out _)++;
            return true;
        }
    }

    /// <summary>A stream of a caller ended.</summary>
    internal void Leave(XdsCaller caller)
    {
        string who = Name(caller);
        lock (_gate)
        {
            if (--CollectionsMarshal.GetValueRefOrNullRef(_open, who) == 0)
            {
                _open.Remove(who);
            }
        }
    }

    /// <summary>
    /// How long a new stream has to wait for its turn; null: longer than anybody should (control-plane reference 5.4). As many as come in a second may come at once.
    /// </summary>
    internal TimeSpan? Turn()
    {
        lock (_gate)
        {
            TimeSpan now = clock.GetElapsedTime(_began), earliest = now - TimeSpan.FromSeconds(1);
            TimeSpan turn = (_paidUntil < earliest ? earliest : _paidUntil) + _each;
            if (turn - now > options.LongestTurn)
            {
                return null;
            }

            _paidUntil = turn;
            return turn > now ? turn - now : TimeSpan.Zero;
        }
    }

    /// <summary>Waits for a turn; false: it would be too long. Who goes while waiting gives the turn back, so that nobody who comes and goes keeps the others waiting.</summary>
    internal async ValueTask<bool> AwaitTurnAsync(CancellationToken aborted)
    {
        if (Turn() is not { } pause)
        {
            return false;
        }

        try
        {
            if (pause > TimeSpan.Zero)
            {
                await Task.Delay(pause, clock, aborted);
            }
        }
        catch (OperationCanceledException)
        {
            lock (_gate)
            {
                _paidUntil -= _each;
            }

            throw;
        }

        return true;
    }

    private static string Name(XdsCaller caller) => caller.Identities.Count > 0 ? $"{caller.Identities[0]} {caller.Pod}" : caller.Pod;
}
