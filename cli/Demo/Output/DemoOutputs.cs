using Spectre.Console;

namespace Ambient.Cli.Demo.Output;

/// <summary>Chooses where the demo writes.</summary>
internal static class DemoOutputs
{
    /// <summary>Plain in a pipe, and where colours are not wanted (<c>--no-color</c>, <c>NO_COLOR</c>, a dumb terminal).</summary>
    public static IDemoOutput Choose(bool noColour)
    {
        bool plain = noColour
            || Console.IsOutputRedirected
            || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            || Environment.GetEnvironmentVariable("TERM") is null or "dumb";
        return plain ? new PlainOutput(Console.Out) : new TerminalOutput(AnsiConsole.Console);
    }
}
