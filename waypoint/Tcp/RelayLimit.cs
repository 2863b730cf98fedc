using Ambient.EventLoop;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Tcp;

/// <summary>How long a relay may take to connect, be quiet, and last (waypoint reference 2.3.2). One timer, looked at when it is due. Loop-affine.</summary>
internal sealed class RelayLimit : LoopTimer
{
    private readonly WaypointLoop _loop;
    private readonly TcpRelay _relay;
    private readonly long _begun;
    private readonly long _idle;
    private readonly long _life;
    private long _used;
    private bool _isOpen;

    public RelayLimit(WaypointLoop loop, ConnectionPool? pool, TcpRelay relay)
    {
        _loop = loop;
        _relay = relay;
        _begun = _used = loop.Loop.NowMilliseconds;
        _idle = pool is { TcpIdleMs: > 0 } ? (long)pool.TcpIdleMs : WaitingTimes.StillConnection;
        _life = (long)(pool?.MaxConnectionMs ?? 0);
        if (pool is { ConnectTimeoutMs: > 0 })
        {
            loop.Loop.Timers.Schedule(this, _begun + (long)pool.ConnectTimeoutMs);
        }
    }

    /// <summary>The endpoint is there.</summary>
    public void OnOpened()
    {
        _isOpen = true;
        Touch();
        Schedule();
    }

    /// <summary>Bytes passed.</summary>
    public void Touch() => _used = _loop.Loop.NowMilliseconds;

    /// <summary>It is over.</summary>
    public void Cancel() => _loop.Loop.Timers.Cancel(this);

    /// <inheritdoc/>
    protected override void OnTimer()
    {
        if (_isOpen && _loop.Loop.NowMilliseconds < Due)
        {
            Schedule();
            return;
        }

        _relay.OnLimit(isConnecting: !_isOpen);
    }

    private long Due => _life > 0 ? Math.Min(_used + _idle, _begun + _life) : _used + _idle;

    private void Schedule()
    {
        _loop.Loop.Timers.Cancel(this);
        _loop.Loop.Timers.Schedule(this, Due);
    }
}
