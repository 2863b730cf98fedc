namespace Ambient.Topology.Processes;

/// <summary>A program that had to succeed did not; the message holds its command line, exit code and output.</summary>
public sealed class CommandFailedException : Exception
{
    /// <summary>Made from what the program said.</summary>
    public CommandFailedException(CommandResult result)
        : base(Describe(result)) => Result = result;

    /// <summary>The whole result.</summary>
    public CommandResult Result { get; }

    private static string Describe(CommandResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        string how = result.ExitCode == -1 ? "ran into its deadline" : "ended with " + result.ExitCode;
        return $"{result.CommandLine} {how}: {result.Text}";
    }
}
