using System.Diagnostics;
using System.Globalization;
using Ambient.Testing.Cni;

namespace Ambient.Benchmarks.Cni;

/// <summary>
/// Starts our plugin beside the reference plugins, and makes pods through the whole chain with agent and ztunnel: what ours adds to each. Everything is
/// measured in one run, interleaved, because machines differ and are busy.
/// </summary>
internal static class CniBench
{
    private const int Starts = 60;
    private const int Concurrency = 50;

    /// <summary>Pods that stay for the agent's restart.</summary>
    private const int Kept = 250;
    private const string Bridge = "/usr/lib/cni/bridge";

    /// <summary>Measures and prints a table.</summary>
    public static async Task<int> RunAsync(CniOptions options)
    {
        Console.WriteLine("Load: " + File.ReadAllText("/proc/loadavg").Trim() + "\n");
        Console.WriteLine("| | median ms | min | p95 |\n|---|---|---|---|");
        (string Name, string Program)[] programs =
        [
            ("start: an empty program (/bin/true)", "/bin/true"),
            ("start: bridge", Bridge),
            ("start: ambient-cni", options.Plugin),
            .. options.Trimmed is null ? Array.Empty<(string, string)>() : [("start: ambient-cni, one trimmed file", options.Trimmed)],
        ];
        List<double>[] starts = [.. programs.Select(_ => new List<double>())];
        for (int round = 0; round < Starts; round++)
        {
            for (int i = 0; i < programs.Length; i++)
            {
                starts[i].Add(await VersionAsync(programs[i].Program));
            }
        }

        for (int i = 0; i < programs.Length; i++)
        {
            Print(programs[i].Name, starts[i]);
        }

        await MakePodsAsync(options);
        return 0;
    }

    private static async Task MakePodsAsync(CniOptions options)
    {
        await using var node = new CniNode(options);
        string[] pods = [.. Enumerable.Range(0, options.Pods + options.Crowd).Select(i => string.Create(CultureInfo.InvariantCulture, $"p{i}"))];
        node.List(pods);
        await node.StartAsync();
        List<double> nothing = [], before = [], ours = [];
        foreach (string pod in pods[..options.Pods])
        {
            string name = node.NetworkOf(pod);
            node.MakeSandbox(pod);
            long started = Stopwatch.GetTimestamp();
            CniResult made = (await node.Chain.AddForeignAsync(name, pod, "shop")).OrFail();
            before.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            nothing.Add((await node.Chain.NothingAsync()).TotalMilliseconds);
            ours.Add((await node.Chain.OursAsync("ADD", name, pod, "shop", made.Json)).OrFail().Elapsed.TotalMilliseconds);
        }

        // All are started by `ip netns exec`, which no runtime does.
        Print("ADD: an empty program in place of a plugin", nothing);
        Print("ADD: bridge, host-local, portmap", before);
        Print("ADD: ours, until the pod is proven", ours);
        await CrowdAsync(node, options, pods);
        await RestartAsync(node);
    }

    /// <summary>Many ADDs at once; pods beyond those that are kept end again.</summary>
    private static async Task CrowdAsync(CniNode node, CniOptions options, string[] pods)
    {
        int next = options.Pods, failed = 0;
        List<double> crowd = [];
        string? complaint = null;
        long started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Concurrency).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) - 1 is var index && index < pods.Length)
            {
                string pod = pods[index], name = node.NetworkOf(pod);
                node.MakeSandbox(pod);
                CniResult made = (await node.Chain.AddForeignAsync(name, pod, "shop")).OrFail();
                CniResult added = await node.Chain.OursAsync("ADD", name, pod, "shop", made.Json);
                lock (crowd)
                {
                    crowd.Add(added.Elapsed.TotalMilliseconds);
                    failed += added.ExitCode == 0 ? 0 : 1;
                    complaint ??= added.ExitCode == 0 ? null : added.Output;
                }

                if (index >= Kept)
                {
                    await node.Chain.DeleteAsync(name, pod, "shop", made.Json);
                    node.RemoveSandbox(pod);
                }
            }
        })));
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        Print(string.Create(CultureInfo.InvariantCulture, $"ADD: ours, {crowd.Count} of them, {Concurrency} at once, {failed} failed, {took.TotalSeconds:0.0} s with the chain and the sandboxes"), crowd);
        if (complaint is not null)
        {
            Console.WriteLine("\nThe first failure: " + complaint);
        }

        node.List(pods[..Math.Min(Kept, pods.Length)]);
    }

    private static async Task RestartAsync(CniNode node)
    {
        int pods = await node.ProvenAsync();
        double busy = node.AgentMemory();
        await Task.Delay(TimeSpan.FromSeconds(25), TimeProvider.System);
        pods = Math.Min(Kept, Math.Max(pods, await node.ProvenAsync()));
        double calm = node.AgentMemory();
        await node.KillAgentAsync();
        long started = Stopwatch.GetTimestamp();
        node.StartAgent();
        while (await node.ProvenAsync() < pods && Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(2))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        double first = node.AgentMemory();
        await Task.Delay(TimeSpan.FromSeconds(25), TimeProvider.System);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nAgent restarted with {pods} pods: all proven after {seconds:0.00} s"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Agent's memory: {busy:0.0} MiB after the crowd, {calm:0.0} MiB 25 s later; {first:0.0} MiB after the restart, {node.AgentMemory():0.0} MiB 25 s later"));
        Console.WriteLine("Load: " + File.ReadAllText("/proc/loadavg").Trim());
    }

    private static async Task<double> VersionAsync(string program)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["CNI_COMMAND"] = "VERSION";
        long started = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        try
        {
            await process.StandardInput.WriteAsync("{\"cniVersion\":\"1.0.0\"}");
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // An empty program does not read.
        }

        _ = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static void Print(string name, List<double> values)
    {
        values.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {values[values.Count / 2]:0.0} | {values[0]:0.0} | {values[values.Count * 95 / 100]:0.0} |"));
    }
}
