using Ambient.Linux.Sockets;

namespace Ambient.EventLoop.Tests.Loop;

public sealed class EventLoopTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly List<string> _faults = [];
    private readonly EventLoop _loop;

    public EventLoopTests() => _loop = new EventLoop("test", new EventLoopOptions
    {
        TimeProvider = _clock,
        FaultSink = (loop, type, e) => _faults.Add($"{loop} {type} {e.Message}"),
    });

    public void Dispose() => _loop.Dispose();

    [Fact]
    public void Readable_IsReportedOnce_UntilMoreArrives()
    {
        using var pair = new SocketPairHandlers(_loop);
        Turn();
        pair.A.Log.Clear();
        pair.B.Send("x");
        Turn();
        Assert.Equal(["In"], pair.A.Log);
        pair.A.Log.Clear();
        Turn();
        Assert.Empty(pair.A.Log);
        pair.B.Send("y");
        Turn();
        Assert.Equal(["In"], pair.A.Log);
    }

    [Fact]
    public void PeerClosed_IsReportedWithReadable()
    {
        using var pair = new SocketPairHandlers(_loop);
        Turn();
        pair.A.Log.Clear();
        SocketIo.ShutdownWrite(pair.B.Descriptor);
        Turn();
        Assert.Contains("PeerClosed", Assert.Single(pair.A.Log), StringComparison.Ordinal);
    }

    [Fact]
    public void EventOfAHandlerClosedInTheSameTurn_IsDropped_AlsoWhenItsSlotIsTakenAgain()
    {
        using var first = new SocketPairHandlers(_loop);
        using var second = new SocketPairHandlers(_loop);
        using var late = new SocketPairHandlers();
        Turn();
        first.A.Log.Clear();
        second.A.Log.Clear();

        // Whoever comes first closes the other and puts a new handler into its slot.
        void Replace(Recorder victim)
        {
            if (!victim.IsRegistered || late.A.IsRegistered)
            {
                return;
            }

            _loop.Unregister(victim);
            late.A.RegisterAt(_loop);
        }

        first.A.Then = () => Replace(second.A);
        second.A.Then = () => Replace(first.A);
        first.B.Send("x");
        second.B.Send("x");
        Turn();
        Assert.Single([.. first.A.Log, .. second.A.Log]);
        Assert.Empty(late.A.Log);
    }

    [Fact]
    public void Fault_ClosesThatHandlerOnly_AndIsReportedOnce()
    {
        using var bad = new SocketPairHandlers(_loop);
        using var good = new SocketPairHandlers(_loop);
        Turn();
        good.A.Log.Clear();
        bad.A.Then = () => throw new InvalidOperationException("boom");
        bad.B.Send("x");
        good.B.Send("x");
        Turn();
        Turn();
        Assert.Equal(["test Recorder boom"], _faults);
        Assert.Equal(-1, bad.A.Descriptor);
        Assert.Equal(["In"], good.A.Log);
        Assert.Equal(1, _loop.Faults);
    }

    [Fact]
    public void EndAtFault_EndsTheVictim_AndNotTheHandlerThatCaughtIt()
    {
        using var one = new SocketPairHandlers(_loop);
        using var many = new SocketPairHandlers(_loop);
        Turn();
        many.A.Then = () => _loop.EndAtFault(one.A, new InvalidOperationException("boom"));
        many.B.Send("x");
        Turn();
        Assert.Equal(["test Recorder boom"], _faults);
        Assert.Equal(-1, one.A.Descriptor);
        Assert.NotEqual(-1, many.A.Descriptor);
    }

    [Fact]
    public void Fault_InEveryKindOfWork_LeavesTheLoopRunning()
    {
        var order = new List<string>();
        _loop.RunOnce(0);
        _loop.Post(_ => throw new InvalidOperationException("mail"), null);
        _loop.RunLater(new Item(order, "r", () => throw new InvalidOperationException("ready")));
        _loop.FlushAtEnd(new Item(order, "f", () => throw new InvalidOperationException("flush")));
        _loop.Timers.Schedule(new Alarm(() => throw new InvalidOperationException("timer")), 0);
        _clock.Advance(100);
        _loop.RunLater(new Item(order, "fine", null));
        _loop.RunOnce(0);
        Assert.Equal(4, _faults.Count);
        Assert.Contains("fine", order);
    }

    [Fact]
    public void Turn_Order_IsEventsMailTimersReadyFlush()
    {
        var order = new List<string>();
        using var pair = new SocketPairHandlers(_loop);
        Turn();
        pair.A.Then = () => order.Add("event");
        _loop.FlushAtEnd(new Item(order, "flush", null));
        _loop.RunLater(new Item(order, "ready", null));
        _loop.Timers.Schedule(new Alarm(() => order.Add("timer")), 1);
        _loop.Post(_ => order.Add("mail"), null);
        pair.B.Send("x");
        _clock.Advance(50);
        _loop.RunOnce(1000);
        Assert.Equal(["event", "mail", "timer", "ready", "flush"], order);
    }

    [Fact]
    public void ReadyQueue_GivesOneQuantumEach_InTurn()
    {
        var order = new List<string>();
        Item a = null!, b = null!;
        int left = 3;
        _loop.RunOnce(0);
        a = new Item(order, "a", () =>
        {
            if (--left > 0)
            {
                _loop.RunLater(a);
                _loop.RunLater(a);
            }
        });
        b = new Item(order, "b", () => _loop.RunLater(b));
        _loop.RunLater(a);
        _loop.RunLater(a);
        _loop.RunLater(b);
        _loop.RunOnce(-1);
        Assert.Equal(["a", "b"], order);
        _loop.RunOnce(-1);
        _loop.RunOnce(-1);
        _loop.RunOnce(-1);
        Assert.Equal(["a", "b", "a", "b", "a", "b", "b"], order);
    }

    [Fact]
    public void Flush_ThatCausesFlushing_HappensInTheSameTurn_ButNotForEver()
    {
        var order = new List<string>();
        Item outer = new(order, "outer", null);
        Item inner = new(order, "inner", () => _loop.FlushAtEnd(outer));
        _loop.RunOnce(0);
        _loop.FlushAtEnd(inner);
        _loop.RunOnce(0);
        Assert.Equal(["inner", "outer"], order);

        Item endless = null!;
        endless = new Item(order, "endless", () => _loop.FlushAtEnd(endless));
        _loop.FlushAtEnd(endless);
        _loop.RunOnce(0);
        Assert.InRange(order.Count(name => name == "endless"), 1, 8);
    }

    [Fact]
    public void Post_FromManyThreads_ArrivesCompleteAndInOrderPerThread()
    {
        const int Threads = 4, Each = 2000;
        var seen = new List<(int Thread, int Number)>();
        using var done = new ManualResetEventSlim();
        _loop.Start();
        var threads = Enumerable.Range(0, Threads).Select(t => new Thread(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                _loop.Post(
                    state =>
                    {
                        Assert.True(_loop.IsCurrent);
                        seen.Add(((int, int))state!);
                        if (seen.Count == Threads * Each)
                        {
                            done.Set();
                        }
                    },
                    (t, i));
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        Assert.True(done.Wait(TimeSpan.FromSeconds(20)), $"{seen.Count} letters of {Threads * Each}; faults: {string.Join(';', _faults)}");
        _loop.Stop();
        foreach (IGrouping<int, (int Thread, int Number)> group in seen.GroupBy(s => s.Thread))
        {
            Assert.Equal(Enumerable.Range(0, Each), group.Select(s => s.Number));
        }
    }

    [Fact]
    public void Post_WakesASleepingLoop_EveryTime()
    {
        using var rung = new SemaphoreSlim(0);
        _loop.Start();
        for (int i = 0; i < 500; i++)
        {
            _loop.Post(state => ((SemaphoreSlim)state!).Release(), rung);
            Assert.True(rung.Wait(TimeSpan.FromSeconds(10)), $"letter {i} was not read");
        }
    }

    [Fact]
    public void Timer_EndsTheWait_AtItsTime()
    {
        using var real = new EventLoop("clock", new EventLoopOptions());
        bool fired = false;
        real.Timers.Schedule(new Alarm(() => fired = true), 30);
        long start = Environment.TickCount64;
        while (!fired && Environment.TickCount64 - start < 10_000)
        {
            real.RunOnce(-1);
        }

        Assert.True(fired);
        Assert.True(real.NowMilliseconds >= 30);
        Assert.True(real.Turns < 20, $"{real.Turns} turns for one timer");
    }

    [Fact]
    public void Turns_AllocateNothing()
    {
        using var pair = new SocketPairHandlers(_loop);
        var item = new QuietItem();
        var alarm = new QuietAlarm();
        Action<object?> nothing = static _ => { };
        void Round()
        {
            pair.B.SendByte();
            _loop.RunLater(item);
            _loop.FlushAtEnd(item);
            _loop.Post(nothing, null);
            _loop.Timers.Schedule(alarm, _loop.NowMilliseconds + 16);
            _clock.Advance(20);
            _loop.RunOnce(0);
        }

        pair.A.Quiet = pair.B.Quiet = true;
        for (int i = 0; i < 200; i++)
        {
            Round();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            Round();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(alarm.Count >= 1000);
    }

    [Fact]
    public void Stop_FromItsOwnThread_Works()
    {
        _loop.Start();
        using var stopped = new ManualResetEventSlim();
        _loop.Post(
            _ =>
            {
                _loop.Stop();
                stopped.Set();
            },
            null);
        Assert.True(stopped.Wait(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void Letters_PostedBeforeStop_AreRead_AndThoseAfterItAtDispose()
    {
        var loop = new EventLoop("short", new EventLoopOptions());
        int read = 0;
        loop.Start();
        for (int i = 0; i < 100; i++)
        {
            loop.Post(_ => Interlocked.Increment(ref read), null);
        }

        loop.Stop();
        Assert.Equal(100, read);
        loop.Post(_ => read++, null);
        loop.Dispose();
        Assert.Equal(101, read);
    }

    private void Turn() => _loop.RunOnce(0);

    private sealed class Item(List<string> order, string name, Action? then) : IReadyItem, IFlushItem
    {
        public bool IsQueued { get; set; }

        public bool IsFlushQueued { get; set; }

        public void OnReady() => Do();

        public void OnFlush() => Do();

        private void Do()
        {
            order.Add(name);
            then?.Invoke();
        }
    }

    private sealed class QuietItem : IReadyItem, IFlushItem
    {
        public bool IsQueued { get; set; }

        public bool IsFlushQueued { get; set; }

        public void OnReady()
        {
        }

        public void OnFlush()
        {
        }
    }

    private sealed class Alarm(Action action) : LoopTimer
    {
        protected internal override void OnTimer() => action();
    }

    private sealed class QuietAlarm : LoopTimer
    {
        public int Count { get; private set; }

        protected internal override void OnTimer() => Count++;
    }
}
