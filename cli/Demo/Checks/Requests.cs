using Ambient.Cli.Sandbox;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Demo.Checks;

/// <summary>HTTP requests from a pod, as its own curl makes them.</summary>
internal static class Requests
{
    /// <summary>One request on a connection of its own.</summary>
    public static Task<CommandResult> GetAsync(SandboxPod from, string url, int seconds = 4) => from.RunAsync("curl", "-sS", "--max-time", seconds.ToString(System.Globalization.CultureInfo.InvariantCulture), url);

    /// <summary>Several requests, each on a connection of its own; the answers of those that succeeded.</summary>
    public static async Task<IReadOnlyList<string>> GetManyAsync(SandboxPod from, string url, int count)
    {
        // One curl makes them all: "Connection: close" is what makes each one be balanced.
        string[] urls = [.. Enumerable.Range(0, count).Select(i => url + (url.Contains('?', StringComparison.Ordinal) ? "&n=" : "?n=") + i)];
        CommandResult result = await Command.RunInAsync(from.Network.NamespaceName, "curl", ["-sS", "--max-time", "4", "-H", "Connection: close", .. urls], deadline: TimeSpan.FromSeconds((4 * count) + 5));
        return [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    /// <summary>How often each version answered.</summary>
    public static string Tally(IReadOnlyList<string> answers) => string.Join(", ", answers
        .GroupBy(a => a.StartsWith("web ", StringComparison.Ordinal) ? a[4..6] : a, StringComparer.Ordinal)
        .OrderBy(g => g.Key, StringComparer.Ordinal)
        .Select(g => $"{g.Key} ×{g.Count()}"));

    /// <summary>Repeats until the outcome is the wanted one; how long that took, null at the deadline.</summary>
    public static async Task<TimeSpan?> UntilAsync(Func<Task<bool>> probe, TimeSpan deadline, CancellationToken cancellation)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (await probe())
            {
                return TimeProvider.System.GetElapsedTime(started);
            }

            if (TimeProvider.System.GetElapsedTime(started) > deadline)
            {
                return null;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(30), TimeProvider.System, cancellation);
        }
    }
}
