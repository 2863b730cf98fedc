using Ambient.EventLoop;
using Ambient.Hbone.Sessions;

namespace Ambient.Hbone.Pool;

/// <summary>A session's place in the pool, and its idle timer. Loop-affine.</summary>
internal sealed class PooledSession : LoopTimer
{
    public PooledSession(PoolKey key)
    {
        Key = key;
        Node = new LinkedListNode<PooledSession>(this);
    }

    public PoolKey Key { get; }

    public LinkedListNode<PooledSession> Node { get; }

    public Session? Session { get; set; }

    /// <summary>What follows the session's peer; disposed of at its end.</summary>
    public IDisposable? Watch { get; set; }

    /// <summary>It takes no new streams any more and closes when it has none.</summary>
    public bool IsForgotten { get; set; }

    /// <inheritdoc/>
    protected override void OnTimer() => TunnelPool.Expire(this);
}
