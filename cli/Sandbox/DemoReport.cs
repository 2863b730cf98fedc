using Spectre.Console;

namespace Ambient.Cli.Sandbox;

/// <summary>Prints each check with what was done and seen, and counts. Coloured in a terminal, plain in a pipe or with NO_COLOR.</summary>
internal sealed class DemoReport
{
    private readonly bool _plain = Console.IsOutputRedirected || Environment.GetEnvironmentVariable("NO_COLOR") is not null;

    /// <summary>Checks that held.</summary>
    public int Passed { get; private set; }

    /// <summary>Checks that did not.</summary>
    public int Failed { get; private set; }

    /// <summary>A line between checks.</summary>
    public void Say(string text) => Line(text, "grey");

    /// <summary>Runs a check; an exception is a failure with its message.</summary>
    public async Task CheckAsync(string what, Func<Task<(bool Holds, string Seen)>> check)
    {
        (bool holds, string seen) result;
        try
        {
            result = await check();
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or TimeoutException or Topology.Processes.CommandFailedException)
        {
            result = (false, e.Message);
        }

        Passed += result.holds ? 1 : 0;
        Failed += result.holds ? 0 : 1;
        Line($"{(result.holds ? "✓" : "✗")} {what}", result.holds ? "green" : "red");
        Line($"    {result.seen.Replace("\n", "\n    ", StringComparison.Ordinal)}", "grey");
    }

    /// <summary>The last line.</summary>
    public void Summarize() => Console.WriteLine($"{Passed} passed, {Failed} failed, 0 skipped");

    private void Line(string text, string colour)
    {
        if (_plain)
        {
            Console.WriteLine(text);
        }
        else
        {
            AnsiConsole.MarkupLine($"[{colour}]{Markup.Escape(text)}[/]");
        }
    }
}
