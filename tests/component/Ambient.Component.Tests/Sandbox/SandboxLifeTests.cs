using System.Globalization;
using Ambient.Linux.Proc;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Component.Tests.Sandbox;

/// <summary>The demo as a program: however it ends, nothing of it stays.</summary>
public sealed class SandboxLifeTests
{
    private const string Purpose = "amb";
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    [RequiresRootTheory("nft, tcpdump, nginx, redis-server, psql, dig, /usr/lib/cni/bridge")]
    [InlineData(2, "error: interrupted")]
    [InlineData(15, "error: interrupted")]
    public async Task Signalled_TheDemoTakesEverythingDown(int signal, string said)
    {
        await using RunningProcess demo = StartDemo();
        await demo.WaitForLineAsync("[2/", Deadline);
        RunId run = Assert.Single(RunsOf(demo));
        _ = ProcessSignal.Send(demo.Id, signal);
        await demo.Exited.WaitAsync(Deadline);

        Assert.Equal(128 + signal, demo.ExitCode);
        Assert.Contains(said, demo.ReadLog(), StringComparison.Ordinal);
        AssertGone(run);
    }

    [RequiresRootFact("nft, tcpdump, nginx, redis-server, psql, dig, /usr/lib/cni/bridge")]
    public async Task Killed_TheNextOneRemovesItsLeftovers()
    {
        RunId run;
        await using (RunningProcess killed = StartDemo())
        {
            await killed.WaitForLineAsync("[2/", Deadline);
            run = Assert.Single(RunsOf(killed));
            killed.Signal(ProcessSignal.Kill);
            await killed.Exited.WaitAsync(Deadline);
        }

        // Any other start on this machine may have been here before it.
        await using RunningProcess next = StartDemo("--only", "resolves");
        await next.Exited.WaitAsync(Deadline);
        Assert.True(next.ExitCode == 0, next.ReadLog());
        Assert.EndsWith("1 passed, 0 failed, 0 skipped\n", next.ReadLog(), StringComparison.Ordinal);
        AssertGone(run);
    }

    [RequiresRootFact("nft, tcpdump, nginx, redis-server, psql, dig, /usr/lib/cni/bridge")]
    public async Task Kept_ItGoesOnUntilItIsTakenDown()
    {
        await using RunningProcess demo = StartDemo("--keep", "--only", "resolves");
        await demo.Exited.WaitAsync(Deadline);
        string log = demo.ReadLog();
        Assert.True(demo.ExitCode == 0, log);
        Assert.Contains("Things to try", log, StringComparison.Ordinal);
        string text = log.Split("(run ")[1].Split(')')[0];
        Assert.True(RunId.TryParse(text, out RunId? run, out _));

        // Another process has it now, and what was served is still served.
        Assert.True(run!.IsAlive());
        await Eventually.PassesAsync(
            async () =>
            {
                CommandResult answer = await Command.RunInAsync(run.NameOf("client"), "curl", ["-sS", "--max-time", "5", "http://web.shop.svc.cluster.local/"]);
                Assert.True(answer.Output.StartsWith("web v", StringComparison.Ordinal), answer.Output + answer.Errors);
            },
            Deadline);

        // This one alone: others may have sandboxes on this machine, and must not lose them.
        CommandResult down = await Command.RunAsync(Program("ambientctl"), ["sandbox", "down", run.Text], deadline: Deadline);
        Assert.Equal(0, down.ExitCode);
        Assert.Contains(run.Text, down.Output, StringComparison.Ordinal);
        AssertGone(run);
    }

    private static RunningProcess StartDemo(params string[] options) => RunningProcess.Start(new ProcessPlan("demo", Program("ambientctl"), ["sandbox", "demo", .. options])
    {
        LogPath = Path.GetTempFileName(),
    });

    private static string Program(string name) => Path.Combine(AppContext.BaseDirectory, name);

    private static RunId[] RunsOf(RunningProcess owner) => [.. Leftovers.Runs(Purpose).Where(r => r.ProcessId == owner.Id)];

    private static void AssertGone(RunId run)
    {
        Assert.DoesNotContain(Leftovers.Runs(Purpose), r => r.Text == run.Text);
        Assert.False(Directory.Exists(run.Directory), run.Directory);
        string pattern = run.Text;
        Assert.DoesNotContain(
            Directory.EnumerateDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out _)),
            d => CommandLineOf(d).Contains(pattern, StringComparison.Ordinal));
    }

    private static string CommandLineOf(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
