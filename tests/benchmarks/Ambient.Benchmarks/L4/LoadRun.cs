using System.Diagnostics;
using System.Text.Json;
using Ambient.Benchmarks.Network;

namespace Ambient.Benchmarks.L4;

/// <summary>
/// One run of the load generator in the client's namespace. The generator prints START after its warm-up and END at the end of the
/// measured window, then one JSON object; CPU of the proxies is sampled at the two marks, so that warm-up is not counted.
/// </summary>
internal sealed class LoadRun
{
    private LoadRun(JsonElement result, double[] cpuSeconds)
    {
        Result = result;
        CpuSecondsOfEach = cpuSeconds;
    }

    /// <summary>What the generator measured.</summary>
    public JsonElement Result { get; }

    /// <summary>CPU seconds of all proxies between START and END.</summary>
    public double ProxyCpuSeconds => CpuSecondsOfEach.Sum();

    /// <summary>The same for each process, in the order in which they were given.</summary>
    public IReadOnlyList<double> CpuSecondsOfEach { get; }

    /// <summary>A number of the result.</summary>
    public double this[string name] => Result.GetProperty(name).GetDouble();

    /// <summary>Runs the generator to its end.</summary>
    public static LoadRun Execute(string ns, IReadOnlyList<int> proxies, TimeSpan limit, params string[] arguments)
    {
        using Process process = LoadProcess.Start(ns, arguments);
        using CancellationTokenSource watchdog = new(limit);
        using CancellationTokenRegistration kill = watchdog.Token.Register(() => process.Kill(entireProcessTree: true));
        double[] before = new double[proxies.Count], after = new double[proxies.Count];
        string? json = null;
        while (process.StandardOutput.ReadLine() is { } line)
        {
            switch (line)
            {
                case "START":
                    before = [.. proxies.Select(static id => ProcessUsage.CpuSeconds([id]))];
                    break;
                case "END":
                    after = [.. proxies.Select(static id => ProcessUsage.CpuSeconds([id]))];
                    break;
                default:
                    json = line;
                    break;
            }
        }

        process.WaitForExit();
        if (process.ExitCode != 0 || json is null)
        {
            string errors = process.StandardError.ReadToEnd();
            throw new InvalidOperationException($"load {string.Join(' ', arguments)} failed with {process.ExitCode}{(watchdog.IsCancellationRequested ? " (time limit)" : "")}: {errors}");
        }

        using JsonDocument document = JsonDocument.Parse(json);
        return new LoadRun(document.RootElement.Clone(), [.. after.Zip(before, static (end, begin) => end - begin)]);
    }
}
