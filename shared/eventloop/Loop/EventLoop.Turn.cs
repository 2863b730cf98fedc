using Ambient.Linux;

namespace Ambient.EventLoop;

/// <summary>The turn: what runs, in which order, and what an exception costs.</summary>
public sealed partial class EventLoop
{
    private void Run()
    {
        _owner = Thread.CurrentThread;
        while (!_stopping)
        {
            Turn(-1);
        }

        // Whoever posted before the stop may wait for it.
        Settle();
    }

    /// <summary>The last words: mail that is there, and what it wants flushed.</summary>
    private void Settle()
    {
        DrainMailbox();
        Flush();
    }

    private bool Turn(int timeoutMilliseconds)
    {
        int count = Wait(timeoutMilliseconds);
        ReadClock();
        Turns++;
        bool worked = DispatchEvents(count);
        worked |= DrainMailbox();
        worked |= FireTimers();
        worked |= RunReady();
        worked |= Flush();
        _trimmer.Watch();
        return worked;
    }

    private int Wait(int timeoutMilliseconds)
    {
        int timeout = _ready.Count > 0 || _flush.Count > 0 ? 0 : UntilTimer(timeoutMilliseconds);
        if (timeout != 0 && !_mailbox.TrySleep())
        {
            timeout = 0;
        }

        SysResult waited = _epoll.Wait(timeout);
        if (timeout != 0)
        {
            _mailbox.Awake();
        }

        if (waited.IsError)
        {
            // Only a bad descriptor or bad memory can be the reason: the loop is broken, and with it all its connections.
            Environment.FailFast($"Loop {Name}: epoll_wait failed: {waited}");
        }

        return (int)waited.Value;
    }

    private int UntilTimer(int timeoutMilliseconds)
    {
        if (timeoutMilliseconds == 0 || Timers.NextDueMilliseconds is not { } due)
        {
            return timeoutMilliseconds;
        }

        ReadClock();
        int wait = (int)Math.Clamp(due - NowMilliseconds, 0, int.MaxValue);
        return timeoutMilliseconds < 0 ? wait : Math.Min(wait, timeoutMilliseconds);
    }

    private void ReadClock() =>
        NowMilliseconds = (long)_options.TimeProvider.GetElapsedTime(_origin).TotalMilliseconds;

    private bool DispatchEvents(int count)
    {
        bool worked = false;
        for (int i = 0; i < count; i++)
        {
            ulong data = _epoll.DataAt(i);
            if (data == WakerData)
            {
                _waker.Reset();
                continue;
            }

            // A handler may close another one whose event lies further behind: the generation tells.
            if (_handlers.Find(data) is not { } handler)
            {
                continue;
            }

            worked = true;
            try
            {
                handler.OnEvents((PollEvents)_epoll.EventsAt(i));
            }
            catch (Exception e)
            {
                OnFault(handler, e);
            }
        }

        return worked;
    }

    private bool DrainMailbox()
    {
        List<Mailbox.Letter>? letters = _mailbox.Take();
        if (letters is null)
        {
            return false;
        }

        for (int i = 0; i < letters.Count; i++)
        {
            Mailbox.Letter letter = letters[i];
            try
            {
                letter.Action(letter.State);
            }
            catch (Exception e)
            {
                OnFault(letter.State as ILoopFault, letter.Action, e);
            }
        }

        letters.Clear();
        return true;
    }

    private bool FireTimers()
    {
        bool worked = false;
        Timers.Advance(NowMilliseconds);
        while (Timers.TakeDue() is { } timer)
        {
            worked = true;
            try
            {
                timer.OnTimer();
            }
            catch (Exception e)
            {
                OnFault(timer, e);
            }
        }

        return worked;
    }

    private bool RunReady()
    {
        int count = _ready.Count;
        for (int i = 0; i < count; i++)
        {
            IReadyItem item = _ready.Dequeue();
            item.IsQueued = false;
            try
            {
                item.OnReady();
            }
            catch (Exception e)
            {
                OnFault(item, e);
            }
        }

        return count > 0;
    }

    private bool Flush()
    {
        bool worked = false;
        for (int round = 0; round < FlushRounds && _flush.Count > 0; round++)
        {
            worked = true;
            (_flush, _flushing) = (_flushing, _flush);
            for (int i = 0; i < _flushing.Count; i++)
            {
                IFlushItem item = _flushing[i];
                item.IsFlushQueued = false;
                try
                {
                    item.OnFlush();
                }
                catch (Exception e)
                {
                    OnFault(item, e);
                }
            }

            _flushing.Clear();
        }

        return worked;
    }

    /// <summary>
    /// Counts, reports and ends one victim, for a caller that serves several items in one event and must not lose the others.
    /// Only on the loop's thread.
    /// </summary>
    public void EndAtFault(ILoopFault victim, Exception exception) => OnFault(victim, victim, exception);

    private void OnFault(object item, Exception exception) => OnFault(item as ILoopFault, item, exception);

    private void OnFault(ILoopFault? victim, object item, Exception exception)
    {
        Faults++;
        try
        {
            _options.FaultSink?.Invoke(Name, item.GetType().Name, exception);
            victim?.OnFault(exception);
        }
        catch (Exception second)
        {
            // Both the work and the cleaning up failed; the least is to stop watching it.
            if (victim is PollHandler handler)
            {
                Unregister(handler);
            }

            _options.FaultSink?.Invoke(Name, item.GetType().Name + ".OnFault", second);
        }
    }
}
