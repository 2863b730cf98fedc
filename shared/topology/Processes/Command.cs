using System.ComponentModel;
using System.Diagnostics;
using Ambient.Topology.Networks;

namespace Ambient.Topology.Processes;

/// <summary>Runs short programs to their end, with a deadline. Thread-safe.</summary>
public static class Command
{
    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(30);

    /// <summary>Runs a program in the caller's network. A program that is missing gives exit code 127.</summary>
    public static CommandResult Run(string program, IReadOnlyList<string> arguments, string? input = null, TimeSpan? deadline = null) =>
        RunAsync(program, arguments, input, deadline).GetAwaiter().GetResult();

    /// <summary>Runs a program inside a namespace (with its resolver) to its end.</summary>
    public static Task<CommandResult> RunInAsync(string namespaceName, string program, IReadOnlyList<string> arguments, string? input = null, TimeSpan? deadline = null) =>
        RunAsync("ip", ["netns", "exec", namespaceName, program, .. arguments], input, deadline);

    /// <summary>Runs a program inside a pod to its end.</summary>
    public static Task<CommandResult> RunInAsync(VirtualPod pod, string program, params string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(pod);
        return RunInAsync(pod.NamespaceName, program, arguments);
    }

    /// <summary>Runs a program in the caller's network. A program that is missing gives exit code 127.</summary>
    public static async Task<CommandResult> RunAsync(string program, IReadOnlyList<string> arguments, string? input = null, TimeSpan? deadline = null)
    {
        string line = program + " " + string.Join(' ', arguments);
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var limit = new CancellationTokenSource(deadline ?? DefaultDeadline);
        using Process? process = TryStart(start);
        if (process is null)
        {
            return new CommandResult(line, 127, "", program + ": not found");
        }

        Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
        Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await FeedAsync(process, input);
            await process.WaitForExitAsync(limit.Token);
            return new CommandResult(line, process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return new CommandResult(line, -1, output.IsCompletedSuccessfully ? await output : "", "deadline passed");
        }
    }

    private static Process? TryStart(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private static async Task FeedAsync(Process process, string? input)
    {
        try
        {
            if (input is not null)
            {
                await process.StandardInput.WriteAsync(input);
            }

            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading; its exit code says why.
        }
    }
}
