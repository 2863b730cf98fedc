using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Netfilter;

namespace Ambient.Linux.Tools;

/// <summary>
/// Runs nft, iptables and the like to their end, in a namespace or in the caller's own; for nft its library where that can be used. Whatever goes wrong is
/// in the result. Thread-safe.
/// </summary>
public static class NetworkTools
{
    // iptables-legacy waits as long for the machine's lock.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>Runs a program (the first word). Throws <see cref="OperationCanceledException"/> alone; what was started has ended then.</summary>
    public static Task<ToolResult> RunAsync(NetworkNamespace? network, IReadOnlyList<string> words, string? input, CancellationToken cancellation) =>
        RunAsync(network, words, input, Deadline, cancellation);

    /// <summary>With another deadline.</summary>
    internal static async Task<ToolResult> RunAsync(NetworkNamespace? network, IReadOnlyList<string> words, string? input, TimeSpan deadline, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(words);
        string line = string.Join(' ', words);
        if (words[0] == "nft" && NftLibrary.IsUsable)
        {
            return RunNft(network, line, [.. words.Skip(1)], input);
        }

        using Process? process = Start(network, words, out string? obstacle);
        if (process is null)
        {
            return obstacle is null ? new ToolResult(line, ToolResult.NotInstalled, "", "") : new ToolResult(line, ToolResult.NotRun, "", obstacle);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(deadline);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
            await FeedAsync(process, input, limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return new ToolResult(line, process.ExitCode, await output, await errors);
        }
        catch (IOException broken)
        {
            return new ToolResult(line, ToolResult.NotRun, "", "its output cannot be read: " + broken.Message);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new ToolResult(line, ToolResult.NotRun, "", string.Create(CultureInfo.InvariantCulture, $"it did not end within {deadline.TotalSeconds} s"));
        }
        finally
        {
            if (!process.HasExited)
            {
                // nsenter becomes the tool, but a tool may have started others.
                End(() => process.Kill(entireProcessTree: true));
            }
        }
    }

    /// <summary>
    /// Ends a program with what it started, as far as that can be: some end meanwhile, and some may not be ended. What it was run for has its result already, which
    /// is the one that counts.
    /// </summary>
    internal static void End(Action kill)
    {
        try
        {
            kill();
        }
        catch (Exception failure) when (failure is AggregateException or Win32Exception or InvalidOperationException)
        {
            // One for the program, one for all of the tree, one for a program that has gone.
        }
    }

    private static ToolResult RunNft(NetworkNamespace? network, string line, string[] arguments, string? input)
    {
        bool json = arguments is ["-j", ..];
        string commands = arguments is ["-f", "-"] ? input ?? "" : string.Join(' ', arguments.Skip(json ? 1 : 0));
        try
        {
            NftOutcome outcome = NftLibrary.Run(network, commands, json);
            return new ToolResult(line, outcome.Succeeded ? 0 : 1, outcome.Output, outcome.Errors);
        }
        catch (LinuxException unreachable)
        {
            return new ToolResult(line, ToolResult.NotRun, "", "the namespace cannot be entered: " + unreachable.Message);
        }
    }

    /// <summary>Null without an obstacle: it is not installed.</summary>
    private static Process? Start(NetworkNamespace? network, IReadOnlyList<string> words, out string? obstacle)
    {
        const int noSuchFile = 2;

        // The path leads to our descriptor, so a namespace that has no name works as well.
        ProcessStartInfo start = network is null
            ? new ProcessStartInfo(words[0], words.Skip(1))
            : new ProcessStartInfo("nsenter", ["--net=" + string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{network.Descriptor}"), "--", .. words]);
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        start.Environment["LC_ALL"] = "C";
        obstacle = null;
        try
        {
            return Process.Start(start);
        }
        catch (Win32Exception failure)
        {
            obstacle = failure.NativeErrorCode == noSuchFile ? null : "it cannot be started: " + failure.Message;
            return null;
        }
    }

    private static async Task FeedAsync(Process process, string? input, CancellationToken cancellation)
    {
        try
        {
            if (input is not null)
            {
                await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
            }

            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading; its exit code says why.
        }
    }
}
