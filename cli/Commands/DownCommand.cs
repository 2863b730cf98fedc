using System.Globalization;
using Ambient.Cli.Sandbox;
using Ambient.Linux.Proc;
using Ambient.Topology.Networks;

namespace Ambient.Cli.Commands;

/// <summary><c>ambientctl sandbox down [RUN]</c>: removes one sandbox or every one, running or left behind.</summary>
internal static class DownCommand
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    /// <summary>Exit code 0 also when there was nothing; 1 when the one that is named is not there.</summary>
    public static async Task<int> RunAsync(string? only)
    {
        IReadOnlyList<RunId> runs = [.. Leftovers.Runs(SandboxMesh.Purpose).Where(run => only is null || run.Text == only)];
        if (only is not null && runs.Count == 0)
        {
            Console.Error.WriteLine($"there is no sandbox {only}");
            return 1;
        }

        foreach (RunId run in runs)
        {
            if (run.IsAlive())
            {
                // Its owner takes it down in order; what it leaves is removed below.
                _ = ProcessSignal.Send(run.OwnerProcess(), ProcessSignal.Terminate);
                long started = TimeProvider.System.GetTimestamp();
                while (run.IsAlive() && TimeProvider.System.GetElapsedTime(started) < Grace)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
                }
            }

            Leftovers.RemoveRun(run);
        }

        Console.Out.WriteLine(runs.Count == 0 ? "no sandbox is running" : string.Create(CultureInfo.InvariantCulture, $"removed: {string.Join(", ", runs)}"));
        return 0;
    }
}
