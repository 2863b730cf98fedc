using System.Diagnostics;
using Ambient.Linux;
using Ambient.Linux.Polling;

namespace Ambient.EventLoop;

/// <summary>
/// One thread, one epoll set, edge-triggered. Loop-affine except <see cref="Post"/>, <see cref="Start"/>, <see cref="Stop"/>
/// and <see cref="IsCurrent"/>, which are thread-safe.
/// </summary>
/// <remarks>
/// A turn: wait; events; mailbox; timers; ready queue (what was in it when its turn came, one quantum each); flush queue.
/// A turn allocates nothing. An exception costs the handler that threw, never the loop. The thread runs no Task and takes no
/// lock but the mailbox' own, which is held for one list operation.
/// </remarks>
public sealed partial class EventLoop : IDisposable
{
    /// <summary>Flushing may cause more flushing (a session inside another's stream); after so many rounds the next turn goes on.</summary>
    private const int FlushRounds = 4;

    /// <summary>Epoll data of the waker; no slot has this number.</summary>
    private const ulong WakerData = ulong.MaxValue;

    private readonly EventLoopOptions _options;
    private readonly EpollSet _epoll;
    private readonly Waker _waker = new();
    private readonly Mailbox _mailbox = new();
    private readonly HandlerTable _handlers = new();
    private readonly Queue<IReadyItem> _ready = new(256);
    private readonly long _origin;
    private readonly BufferTrimmer _trimmer;
    private List<IFlushItem> _flush = new(64);
    private List<IFlushItem> _flushing = new(64);
    private Thread? _thread;
    private Thread? _owner;
    private volatile bool _stopping;
    private bool _disposed;

    /// <summary>Makes the loop; nothing runs before <see cref="Start"/>. Throws <see cref="LinuxException"/> when descriptors have run out.</summary>
    public EventLoop(string name, EventLoopOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Name = name;
        _options = options;
        _origin = options.TimeProvider.GetTimestamp();
        Timers = new LoopTimers();
        Buffers = new BufferPool(options.Buffers);
        _trimmer = new BufferTrimmer(this);
        _epoll = new EpollSet(options.EventsPerTurn);
        _epoll.Add(_waker.Descriptor, (uint)PollEvents.In, WakerData).OrThrow("epoll_ctl", "waker of loop " + name);
    }

    /// <summary>Its name, also that of its thread.</summary>
    public string Name { get; }

    /// <summary>Its number among the loops of the process.</summary>
    public int Index => _options.Index;

    /// <summary>Milliseconds since the loop was made; monotonic, read once per turn.</summary>
    public long NowMilliseconds { get; private set; }

    /// <summary>Timers of this loop.</summary>
    public LoopTimers Timers { get; }

    /// <summary>Buffers of this loop.</summary>
    public BufferPool Buffers { get; }

    /// <summary>Turns so far.</summary>
    public long Turns { get; private set; }

    /// <summary>Exceptions that escaped a handler so far.</summary>
    public long Faults { get; private set; }

    /// <summary>Handlers that are registered.</summary>
    public int HandlerCount => _handlers.Count;

    /// <summary>Whether the calling thread is the loop's own.</summary>
    public bool IsCurrent => _owner == Thread.CurrentThread;

    /// <summary>Starts the thread.</summary>
    public void Start()
    {
        if (_thread is not null)
        {
            throw new InvalidOperationException($"Loop {Name} runs already.");
        }

        // 256 KiB: the deepest path (relay, session, TLS) uses a fraction, and untouched stack is not resident anyway.
        _thread = new Thread(Run, 256 * 1024) { Name = Name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Asks the thread to end after this turn, and waits for it unless called on the loop itself.</summary>
    public void Stop()
    {
        _stopping = true;
        _waker.Signal();
        if (_thread is { } thread && thread != Thread.CurrentThread)
        {
            thread.Join();
        }
    }

    /// <summary>Has the action run on the loop soon. Thread-safe; a system call only when the loop sleeps. Order per caller is kept.</summary>
    public void Post(Action<object?> action, object? state)
    {
        if (_mailbox.Put(action, state))
        {
            _waker.Signal();
        }
    }

    /// <summary>Watches a descriptor that is not watched yet, edge-triggered. Throws <see cref="LinuxException"/> (out of memory, bad descriptor).</summary>
    public void Register(PollHandler handler, int fd, PollEvents interest)
    {
        ArgumentNullException.ThrowIfNull(handler);
        VerifyAccess();
        if (handler.Slot >= 0)
        {
            throw new InvalidOperationException("The handler is registered already.");
        }

        ulong data = _handlers.Add(handler);
        handler.Loop = this;
        handler.Descriptor = fd;
        SysResult added = _epoll.Add(fd, (uint)interest, data);
        if (added.IsError)
        {
            _handlers.Remove(handler);
            added.OrThrow("epoll_ctl", "fd " + fd.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Asks to be told of the present readiness again, with other interests if need be.</summary>
    public void Rearm(PollHandler handler, PollEvents interest)
    {
        ArgumentNullException.ThrowIfNull(handler);
        VerifyAccess();
        _ = _epoll.Modify(handler.Descriptor, (uint)interest, _handlers.DataOf(handler));
    }

    /// <summary>Stops watching; to be called before the descriptor is closed. Events already fetched are dropped.</summary>
    public void Unregister(PollHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        VerifyAccess();
        if (handler.Slot < 0)
        {
            return;
        }

        _ = _epoll.Remove(handler.Descriptor);
        _handlers.Remove(handler);
    }

    /// <summary>Puts the item at the end of the ready queue unless it is in it.</summary>
    public void RunLater(IReadyItem item)
    {
        VerifyAccess();
        if (!item.IsQueued)
        {
            item.IsQueued = true;
            _ready.Enqueue(item);
        }
    }

    /// <summary>Has the item flushed at the end of this turn.</summary>
    public void FlushAtEnd(IFlushItem item)
    {
        VerifyAccess();
        if (!item.IsFlushQueued)
        {
            item.IsFlushQueued = true;
            _flush.Add(item);
        }
    }

    /// <summary>Debug builds shout when a member of a loop-affine object is used on another thread.</summary>
    [Conditional("DEBUG")]
    public void VerifyAccess() =>
        Debug.Assert(_owner is null || _owner == Thread.CurrentThread, "This object belongs to another loop's thread.");

    /// <summary>One turn on the calling thread, which becomes the loop's own: for tests. Whether anything was done.</summary>
    public bool RunOnce(int timeoutMilliseconds)
    {
        _owner = Thread.CurrentThread;
        return Turn(timeoutMilliseconds);
    }

    /// <summary>Stops the thread, runs what is left in the mailbox, and frees what the loop owns. Handlers close their own descriptors before.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        Stop();
        _disposed = true;
        _owner = Thread.CurrentThread;
        Settle();
        _epoll.Dispose();
        _waker.Dispose();
        Buffers.Dispose();
    }
}
