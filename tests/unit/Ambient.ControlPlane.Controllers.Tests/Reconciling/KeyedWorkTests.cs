using System.Collections.Concurrent;
using Ambient.ControlPlane.Controllers.Reconciling;
using Ambient.Telemetry.Logging;
using Ambient.Testing.Clocks;
using Ambient.Testing.Waiting;

namespace Ambient.ControlPlane.Controllers.Tests.Reconciling;

public sealed class KeyedWorkTests
{
    [Fact]
    [Trait("behaviour", "CP-235")]
    public async Task Keys_AreHandledOnceAtATime_AgainWhenNamedMeanwhile_AndAgainWhenTheyFail()
    {
        using LogHub logs = LogHub.Discarding();
        using var ending = new CancellationTokenSource();
        var handled = new ConcurrentQueue<string>();
        var gate = new TaskCompletionSource();
        int inside = 0, most = 0, failures = 2;
        var work = new KeyedWork<string>(
            "test",
            async (key, _) =>
            {
                most = Math.Max(most, Interlocked.Increment(ref inside));
                handled.Enqueue(key);
                if (key == "slow")
                {
                    await gate.Task;
                }

                Interlocked.Decrement(ref inside);
                return key == "bad" && Interlocked.Decrement(ref failures) >= 0 ? "not yet" : null;
            },
            TimeProvider.System,
            logs.For("test"));
        Task running = work.RunAsync(static () => ["slow", "slow"], ending.Token);
        await Eventually.TrueAsync(() => handled.Count == 1);
        work.Add("slow");
        work.Add("slow");
        work.Add("bad");
        await Eventually.TrueAsync(() => handled.Count(static key => key == "bad") == 3);
        Assert.Equal(1, handled.Count(static key => key == "slow"));
        gate.SetResult();
        await Eventually.TrueAsync(() => handled.Count(static key => key == "slow") == 2);
        Assert.InRange(most, 1, 2);
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task LeadLostDuringAWrite_TheNextTermLooksAgain()
    {
        using LogHub logs = LogHub.Discarding();
        var handled = new ConcurrentQueue<string>();
        bool isHanging = true;
        var work = new KeyedWork<string>(
            "test",
            async (key, cancellation) =>
            {
                handled.Enqueue(key);
                if (key == "cut" && isHanging)
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
                }

                return null;
            },
            TimeProvider.System,
            logs.For("test"));
        using (var first = new CancellationTokenSource())
        {
            Task running = work.RunAsync(static () => ["done", "cut"], first.Token);
            await Eventually.TrueAsync(() => handled.Count == 2);
            await first.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        }

        Assert.Equal(2, handled.Count);
        isHanging = false;
        using var second = new CancellationTokenSource();
        Task again = work.RunAsync(static () => ["cut"], second.Token);
        await Eventually.TrueAsync(() => handled.Count == 3);
        Assert.Equal("cut", handled.Last());
        await second.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => again);
    }

    /// <summary>Objects come and go before a replica that does not lead, perhaps for months.</summary>
    [Fact]
    public async Task WhoDoesNotWork_KeepsNothing_BeforeATermAndAfterIt()
    {
        using LogHub logs = LogHub.Discarding();
        var clock = new ManualTime();
        var handled = new ConcurrentQueue<string>();
        var work = new KeyedWork<string>(
            "test",
            (key, _) =>
            {
                handled.Enqueue(key);
                return Task.FromResult<string?>(key == "bad" ? "not yet" : null);
            },
            clock,
            logs.For("test"));
        AddMany(work);
        Assert.Equal(0, work.Count);
        using (var leading = new CancellationTokenSource())
        {
            Task running = work.RunAsync(
                () =>
                {
                    // What is named while all is being said is not lost.
                    work.Add("meanwhile");
                    return ["good", "bad"];
                },
                leading.Token);
            await Eventually.TrueAsync(() => handled.Count == 3 && work.Count == 1);
            Assert.Equal(["bad", "good", "meanwhile"], handled.Order(StringComparer.Ordinal));

            // The one that failed is tried again.
            await Eventually.TrueAsync(() => clock.UntilNextTimer() is not null);
            clock.Advance(TimeSpan.FromSeconds(1));
            await Eventually.TrueAsync(() => handled.Count == 4);
            await Eventually.TrueAsync(() => clock.UntilNextTimer() is not null);
            await leading.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        }

        // What was to be tried again later is due at the end, and a worker that had not heard of the end yet may have taken it.
        int ended = handled.Count;
        AddMany(work);
        Assert.Equal((0, ended), (work.Count, handled.Count));
    }

    /// <summary>A single worker, so that one that ended would leave nobody.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Exceptions_EndNoWorker_AndAreTriedAgainAsFailuresAre(bool isTimeout)
    {
        var sink = new Sink();
        using var logs = new LogHub(new LogHubOptions { Sink = sink });
        using var ending = new CancellationTokenSource();
        var clock = new ManualTime();
        var handled = new ConcurrentQueue<string>();
        int faults = 1;
        var work = new KeyedWork<string>(
            "test",
            (key, _) =>
            {
                handled.Enqueue(key);
                return key == "bad" && Interlocked.Decrement(ref faults) >= 0
                    ? Task.FromException<string?>(isTimeout ? new TaskCanceledException("too slow") : new InvalidOperationException("defect"))
                    : Task.FromResult<string?>(null);
            },
            clock,
            logs.For("test"),
            workers: 1);
        Task running = work.RunAsync(static () => ["bad", "good"], ending.Token);
        await Eventually.TrueAsync(() => handled.Count == 2);
        Assert.Equal("bad good", string.Join(' ', handled));
        await Eventually.TrueAsync(() => sink.Lines.Any(static line => line.Contains("error", StringComparison.OrdinalIgnoreCase) && line.Contains("bad", StringComparison.Ordinal)));
        await Eventually.TrueAsync(() => clock.UntilNextTimer() is not null);
        clock.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(() => handled.Count == 3 && work.Count == 0);
        Assert.Equal("bad", handled.Last());
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private static void AddMany(KeyedWork<string> work)
    {
        for (int i = 0; i < 1000; i++)
        {
            work.Add("gone " + i);
        }
    }

    private sealed class Sink : ILogSink
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public int Write(ReadOnlySpan<byte> lines)
        {
            Lines.Enqueue(System.Text.Encoding.UTF8.GetString(lines));
            return lines.Length;
        }
    }
}
