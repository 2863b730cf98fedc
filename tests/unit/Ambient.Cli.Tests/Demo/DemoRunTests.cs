using Ambient.Cli.Demo;
using Ambient.Cli.Demo.Output;

namespace Ambient.Cli.Tests.Demo;

public sealed class DemoRunTests
{
    private static readonly DemoCheck Good = new("holds", (_, log, _) =>
    {
        log.Did("this");
        log.Saw("that");
        log.Require(true, "never said");
        return Task.CompletedTask;
    });

    private static readonly DemoCheck Broken = new("broken", (_, log, _) =>
    {
        log.Require(false, "it must hold");
        return Task.CompletedTask;
    });

    private static readonly DemoCheck Crashing = new("crashes", (_, _, _) => throw new InvalidOperationException("a bug"));

    [Fact]
    public async Task BrokenPromise_IsCountedAndTheRestRuns()
    {
        (IDemoOutput output, Func<string> read) = RecordedOutput.New();
        var run = new DemoRun(null!, output);

        await run.RunAsync([Broken, Crashing, Good], CancellationToken.None);

        Assert.Equal((1, 2), (run.Passed, run.Failed));
        string text = System.Text.RegularExpressions.Regex.Replace(read(), @"\d+\.\d s", "T");
        Assert.Equal(
            "\n[1/3] broken\n  ✗ FAILED: it must hold (T)\n"
            + "\n[2/3] crashes\n  ✗ FAILED: InvalidOperationException: a bug (T)\n"
            + "\n[3/3] holds\n  did  this\n  saw  that\n  ✓ passed (T)\n",
            text);
    }

    [Fact]
    public async Task Interrupted_TheRunEnds()
    {
        (IDemoOutput output, _) = RecordedOutput.New();
        using var interrupt = new CancellationTokenSource();
        var run = new DemoRun(null!, output);
        var waiting = new DemoCheck("waits", async (_, _, cancellation) =>
        {
            await interrupt.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.RunAsync([Good, waiting, Broken], interrupt.Token));

        Assert.Equal((1, 0), (run.Passed, run.Failed));
    }

    [Fact]
    public void Verdict_IsTheSummaryThatTestsRead()
    {
        (IDemoOutput output, Func<string> read) = RecordedOutput.New();
        output.Verdict(13, 1);
        Assert.Equal("13 passed, 1 failed, 0 skipped\n", read());
    }

    [Fact]
    public void Script_TellsEachPromiseOnce()
    {
        Assert.NotEmpty(DemoScript.Checks);
        Assert.Equal(DemoScript.Checks.Count, DemoScript.Checks.Select(c => c.Title).Distinct(StringComparer.Ordinal).Count());
    }
}
