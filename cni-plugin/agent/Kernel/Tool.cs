using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Netfilter;

namespace Ambient.Cni.Agent.Kernel;

/// <summary>Runs <c>nft</c>, in a namespace or in the agent's own; its library where that is installed. Thread-safe.</summary>
internal static class Tool
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    /// <summary>Feeds a script to nft; null on success, else what it said.</summary>
    public static async Task<string?> NftAsync(NetworkNamespace? network, string script, CancellationToken cancellation)
    {
        (int code, _, string errors) = await RunAsync(network, ["nft", "-f", "-"], script, cancellation);
        return code == 0 ? null : $"nft ended with {code}: {errors.Trim()}";
    }

    /// <summary>Runs a program to its end. A missing program is exit code 127.</summary>
    public static async Task<(int Code, string Output, string Errors)> RunAsync(NetworkNamespace? network, string[] words, string? input, CancellationToken cancellation)
    {
        if (words[0] == "nft" && NftLibrary.IsUsable)
        {
            return RunNft(network, words is ["nft", "-f", "-"] ? input ?? "" : string.Join(' ', words[1..]));
        }

        string[] line = network is null
            ? words
            : ["nsenter", string.Create(CultureInfo.InvariantCulture, $"--net=/proc/{Environment.ProcessId}/fd/{network.Descriptor}"), "--", .. words];
        var start = new ProcessStartInfo(line[0], line[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Deadline);
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            return (127, "", $"{line[0]} cannot be started: {e.Message}");
        }

        using (process)
        {
            try
            {
                Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
                Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
                await process.StandardInput.WriteAsync((input ?? "").AsMemory(), limit.Token);
                process.StandardInput.Close();
                await process.WaitForExitAsync(limit.Token);
                return (process.ExitCode, await output, await errors);
            }
            catch (IOException e)
            {
                return (126, "", e.Message);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                return (124, "", $"{words[0]} did not end within {Deadline.TotalSeconds} s");
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill();
                }
            }
        }
    }

    private static (int Code, string Output, string Errors) RunNft(NetworkNamespace? network, string commands)
    {
        try
        {
            NftOutcome outcome = NftLibrary.Run(network, commands, json: false);
            return (outcome.Succeeded ? 0 : 1, outcome.Output, outcome.Errors);
        }
        catch (LinuxException e)
        {
            return (126, "", e.Message);
        }
    }
}
