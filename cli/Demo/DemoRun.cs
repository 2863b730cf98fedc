using System.Diagnostics;
using Ambient.Cli.Demo.Output;
using Ambient.Cli.Sandbox;

namespace Ambient.Cli.Demo;

/// <summary>Runs checks one after another; a broken one does not stop the rest. Not thread-safe.</summary>
internal sealed class DemoRun(SandboxMesh mesh, IDemoOutput output)
{
    private static readonly TimeSpan LongestCheck = TimeSpan.FromSeconds(45);

    /// <summary>Checks that kept their promise.</summary>
    public int Passed { get; private set; }

    /// <summary>Checks that did not.</summary>
    public int Failed { get; private set; }

    /// <summary>Runs them all. Throws <see cref="OperationCanceledException"/> when interrupted.</summary>
    public async Task RunAsync(IReadOnlyList<DemoCheck> checks, CancellationToken cancellation)
    {
        for (int i = 0; i < checks.Count; i++)
        {
            output.Begin(i + 1, checks.Count, checks[i].Title);
            long started = Stopwatch.GetTimestamp();
            string? reason = await RunOneAsync(checks[i], cancellation);
            output.End(reason, Stopwatch.GetElapsedTime(started));
            Passed += reason is null ? 1 : 0;
            Failed += reason is null ? 0 : 1;
        }
    }

    private async Task<string?> RunOneAsync(DemoCheck check, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(LongestCheck);
        try
        {
            await check.RunAsync(mesh, new CheckLog(output), limit.Token);
            return null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"did not end within {LongestCheck.TotalSeconds:0} s";
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return e is CheckFailedException ? e.Message : e.GetType().Name + ": " + e.Message;
        }
    }
}
