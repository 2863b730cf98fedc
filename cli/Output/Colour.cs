namespace Ambient.Cli.Output;

/// <summary>Colours on terminals, nowhere else, and not when <c>NO_COLOR</c> is set (no-color.org).</summary>
internal static class Colour
{
    /// <summary>Whether the writer is a terminal whose user wants colours.</summary>
    public static bool IsWanted(TextWriter output) =>
        ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb");

    /// <summary>Green, when wanted.</summary>
    public static string Green(string text, bool isWanted) => Paint("32", text, isWanted);

    /// <summary>Yellow, when wanted.</summary>
    public static string Yellow(string text, bool isWanted) => Paint("33", text, isWanted);

    /// <summary>Red, when wanted.</summary>
    public static string Red(string text, bool isWanted) => Paint("31", text, isWanted);

    private static string Paint(string code, string text, bool isWanted) => isWanted ? $"\e[{code}m{text}\e[0m" : text;
}
