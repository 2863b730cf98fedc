using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Agent.Kernel;

/// <summary>Runs <c>nft</c>, in a namespace or in the agent's own. Thread-safe.</summary>
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
}
