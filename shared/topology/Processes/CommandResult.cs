namespace Ambient.Topology.Processes;

/// <summary>What a short program said and how it ended. Immutable.</summary>
/// <param name="CommandLine">For messages.</param>
/// <param name="ExitCode">-1 when it was killed at its deadline.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Errors">Standard error.</param>
public sealed record CommandResult(string CommandLine, int ExitCode, string Output, string Errors)
{
    /// <summary>Whether it ended with 0.</summary>
    public bool Succeeded => ExitCode == 0;

    /// <summary>Both outputs, trimmed.</summary>
    public string Text => (Output + (Output.Length > 0 && Errors.Length > 0 ? "\n" : "") + Errors).Trim();

    /// <summary>This result, when it succeeded; otherwise throws <see cref="CommandFailedException"/> with what it said.</summary>
    public CommandResult OrThrow() => Succeeded ? this : throw new CommandFailedException(this);
}
