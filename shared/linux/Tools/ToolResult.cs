namespace Ambient.Linux.Tools;

/// <summary>How a tool ended. Immutable.</summary>
/// <param name="CommandLine">Program and arguments.</param>
/// <param name="ExitCode">The tool's own; <see cref="NotInstalled"/> or <see cref="NotRun"/> when it has none.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Errors">Standard error; what was wrong when it did not run to its end.</param>
public sealed record ToolResult(string CommandLine, int ExitCode, string Output, string Errors)
{
    /// <summary>There is no such program, or none that enters namespaces; nsenter says the same of its program.</summary>
    public const int NotInstalled = 127;

    /// <summary>It could not be started, the namespace could not be entered, or it did not end in time: nothing is known of what it would have said.</summary>
    public const int NotRun = -1;

    /// <summary>Whether it ran and was content.</summary>
    public bool Succeeded => ExitCode == 0;

    /// <summary>What to tell an operator of a failure.</summary>
    public string Complaint => ExitCode switch
    {
        NotInstalled => $"{CommandLine.Split(' ')[0]} (or nsenter, of util-linux) is not installed",
        NotRun => $"`{CommandLine}`: {Errors}",
        _ => $"`{CommandLine}` ended with {ExitCode}: {Errors.Trim()}",
    };
}
