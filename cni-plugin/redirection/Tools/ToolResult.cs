namespace Ambient.Cni.Redirection.Tools;

/// <summary>How a tool ended. Immutable.</summary>
/// <param name="CommandLine">Program and arguments.</param>
/// <param name="ExitCode">127 when it is not installed.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Errors">Standard error.</param>
internal sealed record ToolResult(string CommandLine, int ExitCode, string Output, string Errors)
{
    public const int NotInstalled = 127;

    public bool Succeeded => ExitCode == 0;

    public ToolResult OrThrow(string what) => Succeeded
        ? this
        : throw new RedirectionException(ExitCode == NotInstalled
            ? $"{what}: {CommandLine.Split(' ')[0]} (or nsenter, of util-linux) is not installed"
            : $"{what}: `{CommandLine}` ended with {ExitCode}: {Errors.Trim()}");
}
