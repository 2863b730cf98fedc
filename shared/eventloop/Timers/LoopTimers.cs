using System.Numerics;

namespace Ambient.EventLoop;

/// <summary>
/// A hierarchical timing wheel: four levels of 256 slots, 8 ms per tick (levels span 2 s, 9 min, 37 h, 397 days). Schedule and
/// cancel are O(1) and allocate nothing; a timer never fires early and at most one tick late. Loop-affine.
/// </summary>
public sealed class LoopTimers
{
    internal const int NoList = -1;
    private const int DueList = Levels * Slots;
    private const int TickShift = 3;
    private const int Levels = 4;
    private const int SlotBits = 8;
    private const int Slots = 1 << SlotBits;
    private const long MaxTicks = (1L << (Levels * SlotBits)) - 1;

    private readonly LoopTimer?[] _heads = new LoopTimer?[DueList + 1];
    private readonly ulong[] _occupied = new ulong[Levels * Slots / 64];
    private LoopTimer? _dueTail;
    private long _tick;

    /// <summary>Timers that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Loop time by which the next look is needed (a timer, or a cascade on its way to one), or null when nothing waits.</summary>
    public long? NextDueMilliseconds
    {
        get
        {
            if (Count == 0)
            {
                return null;
            }

            return _heads[DueList] is not null ? 0 : NextTick() << TickShift;
        }
    }

    /// <summary>Fires the timer at that loop time (see <see cref="EventLoop.NowMilliseconds"/>: absolute, not a delay). Moves it when it is scheduled already.</summary>
    public void Schedule(LoopTimer timer, long dueMilliseconds)
    {
        ArgumentNullException.ThrowIfNull(timer);
        Cancel(timer);

        // Rounded up: early would be wrong, late by a tick is not.
        timer.DueTick = (Math.Max(dueMilliseconds, 0) + (1 << TickShift) - 1) >> TickShift;
        Count++;
        Insert(timer);
    }

    /// <summary>Takes the timer out; nothing happens when it is not scheduled.</summary>
    public void Cancel(LoopTimer timer)
    {
        ArgumentNullException.ThrowIfNull(timer);
        if (timer.List != NoList)
        {
            Unlink(timer);
            Count--;
        }
    }

    /// <summary>Moves the wheel to this loop time; what is due then waits for <see cref="TakeDue"/>.</summary>
    internal void Advance(long nowMilliseconds)
    {
        long target = nowMilliseconds >> TickShift;
        while (_tick < target)
        {
            long next = Count == 0 || OnlyDue() ? target : Math.Min(NextTick(), target);
            _tick = next;
            Cascade();
            MoveToDue();
        }
    }

    /// <summary>The next due timer, taken out, or null. A timer that schedules itself for now again waits for the next turn.</summary>
    internal LoopTimer? TakeDue()
    {
        LoopTimer? timer = _heads[DueList];
        if (timer is not null)
        {
            Unlink(timer);
            Count--;
        }

        return timer;
    }

    private bool OnlyDue()
    {
        foreach (ulong word in _occupied)
        {
            if (word != 0)
            {
                return false;
            }
        }

        return true;
    }

    private void Insert(LoopTimer timer)
    {
        // What is due already goes into the next tick, so that a timer cannot keep a turn busy for ever.
        long due = Math.Clamp(timer.DueTick, _tick + 1, _tick + MaxTicks);
        long delta = due - _tick;
        int level = 0;
        while (delta >= 1L << ((level + 1) * SlotBits))
        {
            level++;
        }

        Link(timer, (level * Slots) + (int)((due >> (level * SlotBits)) & (Slots - 1)));
    }

    /// <summary>When the wheel turns over into a slot of a higher level, its timers come down.</summary>
    private void Cascade()
    {
        for (int level = Levels - 1; level > 0; level--)
        {
            if ((_tick & ((1L << (level * SlotBits)) - 1)) != 0)
            {
                continue;
            }

            int list = (level * Slots) + (int)((_tick >> (level * SlotBits)) & (Slots - 1));
            while (_heads[list] is { } timer)
            {
                Unlink(timer);
                if (timer.DueTick <= _tick)
                {
                    LinkDue(timer);
                }
                else
                {
                    Insert(timer);
                }
            }
        }
    }

    private void MoveToDue()
    {
        int list = (int)(_tick & (Slots - 1));
        while (_heads[list] is { } timer)
        {
            Unlink(timer);
            LinkDue(timer);
        }
    }

    /// <summary>The first tick after the present one at which a slot of any level is reached that holds timers.</summary>
    private long NextTick()
    {
        long best = long.MaxValue;
        for (int level = 0; level < Levels; level++)
        {
            long position = _tick >> (level * SlotBits);
            int distance = DistanceToOccupied(level, (int)(position & (Slots - 1)));
            if (distance > 0)
            {
                best = Math.Min(best, (position + distance) << (level * SlotBits));
            }
        }

        return best;
    }

    /// <summary>Steps (1 to 256) from the slot to the next occupied one of the level, or 0 when it is empty.</summary>
    private int DistanceToOccupied(int level, int slot)
    {
        const int Words = Slots / 64;
        int start = (slot + 1) & (Slots - 1);
        for (int i = 0; i <= Words; i++)
        {
            int index = ((start >> 6) + i) & (Words - 1);
            ulong word = _occupied[(level * Words) + index];
            if (i == 0)
            {
                word &= ulong.MaxValue << (start & 63);
            }
            else if (i == Words)
            {
                word &= ~(ulong.MaxValue << (start & 63));
            }

            if (word != 0)
            {
                int found = (index << 6) + BitOperations.TrailingZeroCount(word);
                return ((found - start) & (Slots - 1)) + 1;
            }
        }

        return 0;
    }

    private void Link(LoopTimer timer, int list)
    {
        LoopTimer? head = _heads[list];
        timer.List = list;
        timer.Previous = null;
        timer.Next = head;
        if (head is not null)
        {
            head.Previous = timer;
        }

        _heads[list] = timer;
        _occupied[list >> 6] |= 1UL << (list & 63);
    }

    private void LinkDue(LoopTimer timer)
    {
        timer.List = DueList;
        timer.Next = null;
        timer.Previous = _dueTail;
        if (_dueTail is null)
        {
            _heads[DueList] = timer;
        }
        else
        {
            _dueTail.Next = timer;
        }

        _dueTail = timer;
    }

    private void Unlink(LoopTimer timer)
    {
        int list = timer.List;
        if (timer.Previous is null)
        {
            _heads[list] = timer.Next;
        }
        else
        {
            timer.Previous.Next = timer.Next;
        }

        if (timer.Next is not null)
        {
            timer.Next.Previous = timer.Previous;
        }

        if (list == DueList)
        {
            _dueTail = timer == _dueTail ? timer.Previous : _dueTail;
        }
        else if (_heads[list] is null)
        {
            _occupied[list >> 6] &= ~(1UL << (list & 63));
        }

        timer.Next = timer.Previous = null;
        timer.List = NoList;
    }
}
