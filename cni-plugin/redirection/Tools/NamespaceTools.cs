using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Netfilter;

namespace Ambient.Cni.Redirection.Tools;

/// <summary>Runs nft, iptables and ip inside one network namespace. Thread-safe.</summary>
internal sealed class NamespaceTools(NetworkNamespace network)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>Runs a tool to its end; a missing one gives <see cref="ToolResult.NotInstalled"/>.</summary>
    public async Task<ToolResult> RunAsync(string tool, IReadOnlyList<string> arguments, string? input, CancellationToken cancellation)
    {
        if (tool == "nft" && NftLibrary.IsUsable)
        {
            return RunNft(arguments, input);
        }

        // The path leads to our descriptor, so a namespace that has no name works as well.
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{network.Descriptor}");
        var start = new ProcessStartInfo("nsenter", ["--net=" + path, "--", tool, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Deadline);
        string line = tool + " " + string.Join(' ', arguments);
        using Process? process = Start(start);
        if (process is null)
        {
            return new ToolResult(line, ToolResult.NotInstalled, "", "");
        }

        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
            await FeedAsync(process, input, limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return new ToolResult(line, process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new RedirectionException($"`{line}` did not end within {Deadline.TotalSeconds} s");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    /// <summary>Contents of files as a thread inside the namespace sees them; empty for one that is not there. Throws <see cref="RedirectionException"/>.</summary>
    public IReadOnlyList<string> Read(IReadOnlyList<string> paths)
    {
        try
        {
            return network.Run(() => paths.Select(p => File.Exists(p) ? File.ReadAllText(p).Trim() : "").ToArray());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Linux.LinuxException)
        {
            throw new RedirectionException("cannot read the pod's kernel: " + e.Message, e);
        }
    }

    /// <summary>Runs a tool (first word) without input.</summary>
    public Task<ToolResult> RunAsync(string[] words, CancellationToken cancellation) => RunAsync(words[0], words[1..], null, cancellation);

    private ToolResult RunNft(IReadOnlyList<string> arguments, string? input)
    {
        bool json = arguments is ["-j", ..];
        string commands = arguments is ["-f", "-"] ? input ?? "" : string.Join(' ', arguments.Skip(json ? 1 : 0));
        try
        {
            NftOutcome outcome = NftLibrary.Run(network, commands, json);
            return new ToolResult("nft " + string.Join(' ', arguments), outcome.Succeeded ? 0 : 1, outcome.Output, outcome.Errors);
        }
        catch (Linux.LinuxException e)
        {
            throw new RedirectionException("cannot enter the pod: " + e.Message, e);
        }
    }

    /// <summary>Null where nsenter is not installed: then nothing can be run in a pod, whether it is installed or not.</summary>
    private static Process? Start(ProcessStartInfo start)
    {
        const int noSuchFile = 2;
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e) when (e.NativeErrorCode == noSuchFile)
        {
            return null;
        }
        catch (Win32Exception e)
        {
            throw new RedirectionException("nsenter (util-linux) cannot be started: " + e.Message, e);
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
