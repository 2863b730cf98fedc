using System.Diagnostics;

namespace Ambient.Benchmarks.Network;

/// <summary>Short-lived commands of the harness. Arguments are passed as a list, never as one string.</summary>
internal static class Shell
{
    /// <summary>Runs a command and returns its standard output; a non-zero exit is an exception with what it printed.</summary>
    public static string Run(string command, params string[] arguments)
    {
        (int exit, string output) = Execute(command, arguments);
        return exit == 0 ? output : throw new InvalidOperationException($"{command} {string.Join(' ', arguments)} ended with {exit}: {output.Trim()}");
    }

    /// <summary>Runs a command whose failure does not matter, such as the removal of something already gone.</summary>
    public static void TryRun(string command, params string[] arguments) => Execute(command, arguments);

    private static (int Exit, string Output) Execute(string command, string[] arguments)
    {
        ProcessStartInfo start = new(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("cannot start " + command);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, process.ExitCode == 0 ? output : output + errors.GetAwaiter().GetResult());
    }
}
