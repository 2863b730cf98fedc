using Ambient.Cni.Agent.Pods;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Agent.Kernel;

/// <summary>
/// Namespaces that the agent holds open, counted by holds; while one is open its identity cannot be another's. What is done in a namespace is done one
/// after the other. Thread-safe.
/// </summary>
public sealed class HeldNetworks : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<NetworkIdentity, Held> _held = [];

    /// <summary>Namespaces that are open.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _held.Count;
            }
        }
    }

    /// <summary>Takes ownership of an open namespace: one hold more.</summary>
    public NetworkIdentity Hold(NetworkNamespace network)
    {
        ArgumentNullException.ThrowIfNull(network);
        var identity = new NetworkIdentity(network.Device, network.Inode);
        lock (_lock)
        {
            if (_held.TryGetValue(identity, out Held? held))
            {
                held.Holds++;
                network.Dispose();
            }
            else
            {
                _held[identity] = new Held(network) { Holds = 1 };
            }
        }

        return identity;
    }

    /// <summary>Gives one hold back; the last one closes the namespace, once nobody works in it. Whether it was the last.</summary>
    public bool Release(NetworkIdentity identity)
    {
        Held? closed = null;
        lock (_lock)
        {
            if (_held.TryGetValue(identity, out Held? held) && --held.Holds == 0)
            {
                _held.Remove(identity);
                closed = held;
            }
        }

        closed?.Drop();
        return closed is not null;
    }

    /// <summary>Another descriptor of a held namespace, for an owner of its own; null when it is not held. Throws <see cref="Linux.LinuxException"/> when none is left.</summary>
    public NetworkNamespace? Duplicate(NetworkIdentity identity)
    {
        lock (_lock)
        {
            return _held.TryGetValue(identity, out Held? held) ? held.Network.Duplicate() : null;
        }
    }

    /// <summary>Works in a namespace, alone. Null when it is not held.</summary>
    public async Task<StepResult?> UseAsync(NetworkIdentity identity, Func<NetworkNamespace, Task<StepResult>> work, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(work);
        Held? held;
        lock (_lock)
        {
            if (!_held.TryGetValue(identity, out held))
            {
                return null;
            }

            held.Users++;
        }

        try
        {
            await held.Turn.WaitAsync(cancellation);
            try
            {
                return await work(held.Network);
            }
            finally
            {
                held.Turn.Release();
            }
        }
        finally
        {
            held.Leave();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (Held held in _held.Values)
            {
                held.Drop();
            }

            _held.Clear();
        }
    }

    private sealed class Held(NetworkNamespace network)
    {
        private readonly Lock _lock = new();
        private bool _isDropped;

        public NetworkNamespace Network => network;

        public SemaphoreSlim Turn { get; } = new(1);

        public int Holds { get; set; }

        // Raised under the table's lock, lowered under our own: both are needed to see it fall to zero after a drop.
        public int Users;

        public void Drop()
        {
            lock (_lock)
            {
                _isDropped = true;
                CloseWhenUnused();
            }
        }

        public void Leave()
        {
            lock (_lock)
            {
                Interlocked.Decrement(ref Users);
                CloseWhenUnused();
            }
        }

        private void CloseWhenUnused()
        {
            if (_isDropped && Volatile.Read(ref Users) == 0)
            {
                network.Dispose();
            }
        }
    }
}
