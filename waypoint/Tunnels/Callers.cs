using Ambient.EventLoop;
using Ambient.Mesh.Addresses;

namespace Ambient.Waypoint.Tunnels;

/// <summary>
/// Who calls on this loop, where the waypoint does not know the whole mesh: the workload behind a caller's address is asked for, so that metrics, logs and traces name it. Nothing else depends on
/// that, so nobody waits long for it. Loop-affine.
/// </summary>
internal sealed class Callers(WaypointLoop loop) : LoopTimer
{
    private const long SweepMilliseconds = 60_000;
    private const long KeptMilliseconds = 300_000;
    private readonly Dictionary<IpAddress, Caller> _callers = [];

    /// <summary>Begins to forget those who have gone.</summary>
    public void Start() => loop.Loop.Timers.Schedule(this, loop.Loop.NowMilliseconds + SweepMilliseconds);

    /// <summary>Whether it is worth waiting until it is known who is at an address; see <see cref="Await"/>.</summary>
    public bool IsAwaited(IpAddress address)
    {
        if (loop.Addresses is not { IsLimited: true } book)
        {
            return false;
        }

        if (_callers.TryGetValue(address, out Caller? known))
        {
            known.Seen = loop.Loop.NowMilliseconds;
            return known.Waiting is not null;
        }

        if (loop.View.FindWorkload(new NetworkAddress(loop.Options.Network, address)) is not null || !book.TryAdd(address))
        {
            return false;
        }

        Caller caller = new() { Seen = loop.Loop.NowMilliseconds };
        _callers[address] = caller;
        Task<bool> answer = book.AskAsync(address);
        if (answer.IsCompleted)
        {
            return false;
        }

        caller.Waiting = [];
        _ = AnsweredAsync(answer, caller);
        return true;
    }

    /// <summary>Goes on once that is known, or is not to be expected. After <see cref="IsAwaited"/>.</summary>
    public void Await(IpAddress address, Action then) => _callers[address].Waiting!.Add(then);

    /// <inheritdoc/>
    protected override void OnTimer()
    {
        Start();
        long now = loop.Loop.NowMilliseconds;
        foreach (InboundTunnel tunnel in loop.Connections.SelectMany(static connection => connection.Tunnels).Concat(loop.Plain))
        {
            if (_callers.TryGetValue(tunnel.Source.Address, out Caller? here))
            {
                here.Seen = now;
            }
        }

        foreach ((IpAddress address, Caller caller) in _callers)
        {
            if (caller.Waiting is null && now - caller.Seen >= KeptMilliseconds)
            {
                _callers.Remove(address);
                loop.Addresses?.Remove(address);
            }
        }
    }

    private async Task AnsweredAsync(Task<bool> answer, Caller caller)
    {
        try
        {
            await answer;
        }
        catch (OperationCanceledException)
        {
            // The process ends, and the loop with it.
            return;
        }

        loop.Loop.Post(_ => GoOn(caller), null);
    }

    // Each by itself: what one of them does wrong is no other's fault.
    private void GoOn(Caller caller)
    {
        List<Action> waiting = caller.Waiting!;
        caller.Waiting = null;
        waiting.ForEach(then => loop.Loop.Post(static state => ((Action)state!)(), then));
    }

    private sealed class Caller
    {
        public long Seen { get; set; }

        /// <summary>Who goes on when it is known; null: it is, or nobody says it.</summary>
        public List<Action>? Waiting { get; set; }
    }
}
