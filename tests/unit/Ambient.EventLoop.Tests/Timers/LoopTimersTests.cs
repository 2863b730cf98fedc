namespace Ambient.EventLoop.Tests.Timers;

public sealed class LoopTimersTests
{
    private readonly LoopTimers _timers = new();

    [Fact]
    public void Fires_NeverEarly_AtMostATickLate()
    {
        var alarm = new Alarm();
        _timers.Schedule(alarm, 100);
        Advance(99);
        Assert.Equal(0, alarm.Fired);
        Advance(108);
        Assert.Equal(1, alarm.Fired);
        Assert.False(alarm.IsScheduled);
        Assert.Null(_timers.NextDueMilliseconds);
    }

    [Fact]
    public void Cancel_AndReschedule_MoveIt()
    {
        var alarm = new Alarm();
        _timers.Schedule(alarm, 50);
        _timers.Schedule(alarm, 5000);
        Assert.Equal(1, _timers.Count);
        Advance(4000);
        Assert.Equal(0, alarm.Fired);
        _timers.Cancel(alarm);
        _timers.Cancel(alarm);
        Advance(10_000);
        Assert.Equal(0, alarm.Fired);
        Assert.Equal(0, _timers.Count);
    }

    [Fact]
    public void DueInThePast_FiresInTheNextTick_NotInThisTurn()
    {
        var alarm = new Alarm();
        Advance(1000);
        _timers.Schedule(alarm, 3);
        Assert.Null(_timers.TakeDue());
        Advance(1008);
        Assert.Equal(1, alarm.Fired);
    }

    [Fact]
    public void NextDue_IsNeverBehindAnyTimer_AndFarTimersCostFewWakeUps()
    {
        var alarm = new Alarm();
        const long Due = 400L * 24 * 3600 * 1000;
        _timers.Schedule(alarm, Due);
        int wakeUps = 0;
        long now = 0;
        while (alarm.Fired == 0 && wakeUps < 1000)
        {
            long next = _timers.NextDueMilliseconds!.Value;
            Assert.True(next > now);
            now = next;
            Advance(now);
            wakeUps++;
        }

        Assert.InRange(now, Due, Due + 8);
        Assert.InRange(wakeUps, 1, 8);
    }

    /// <summary>Against the naive model: a list of due times.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(20261120)]
    [InlineData(77)]
    public void RandomSchedules_FireLikeTheNaiveModel(int seed)
    {
        var random = new Random(seed);
        long now = 0;
        var alarms = Enumerable.Range(0, 300).Select(_ => new Alarm()).ToArray();
        var due = new long?[alarms.Length];
        for (int step = 0; step < 5000; step++)
        {
            int i = random.Next(alarms.Length);
            switch (random.Next(4))
            {
                case 0:
                    _timers.Cancel(alarms[i]);
                    due[i] = null;
                    break;
                case 1:
                    now += (long)Math.Exp(random.NextDouble() * 14);
                    Advance(now);
                    for (int k = 0; k < alarms.Length; k++)
                    {
                        bool mustHaveFired = due[k] is { } d && ((d + 7) >> 3) <= (now >> 3);
                        Assert.True(alarms[k].IsScheduled == (due[k] is not null && !mustHaveFired), $"seed {seed}, step {step}, alarm {k}, now {now}, due {due[k]}");
                        due[k] = mustHaveFired ? null : due[k];
                    }

                    break;
                default:
                    // Not in the past: that is the next tick's business, and a case of its own above.
                    due[i] = now + 16 + (long)Math.Exp(random.NextDouble() * 18);
                    _timers.Schedule(alarms[i], due[i]!.Value);
                    break;
            }

            Assert.Equal(due.Count(d => d is not null), _timers.Count);
        }
    }

    private void Advance(long now)
    {
        _timers.Advance(now);
        while (_timers.TakeDue() is { } timer)
        {
            timer.OnTimer();
        }
    }

    private sealed class Alarm : LoopTimer
    {
        public int Fired { get; private set; }

        protected internal override void OnTimer() => Fired++;
    }
}
