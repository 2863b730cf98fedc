using System.Globalization;
using Spectre.Console;

namespace Ambient.Cli.Demo.Output;

/// <summary>The demo in a terminal. Not thread-safe.</summary>
internal sealed class TerminalOutput(IAnsiConsole console) : IDemoOutput
{
    /// <inheritdoc/>
    public void Title(string text)
    {
        console.WriteLine();
        console.Write(new Rule("[bold]" + Markup.Escape(text) + "[/]").LeftJustified());
    }

    /// <inheritdoc/>
    public void Step(string text) => console.MarkupLine("  [grey]•[/] " + Markup.Escape(text));

    /// <inheritdoc/>
    public void Begin(int number, int of, string title)
    {
        console.WriteLine();
        console.MarkupLine(string.Create(CultureInfo.InvariantCulture, $"[grey]{number,2}/{of}[/]  [bold]{Markup.Escape(title)}[/]"));
    }

    /// <inheritdoc/>
    public void Did(string text) => Row("[blue]▸[/]", text);

    /// <inheritdoc/>
    public void Saw(string text) => Row("[grey]◂[/]", text);

    /// <inheritdoc/>
    public void End(string? reason, TimeSpan took)
    {
        string time = string.Create(CultureInfo.InvariantCulture, $"[grey]{took.TotalSeconds:0.0} s[/]");
        if (reason is null)
        {
            console.MarkupLine("       [green]✓[/] " + time);
        }
        else
        {
            Row("[red]✗[/]", reason);
            console.MarkupLine("         " + time);
        }
    }

    /// <inheritdoc/>
    public void Verdict(int passed, int failed)
    {
        string colour = failed == 0 ? "green" : "red";
        console.MarkupLine(string.Create(CultureInfo.InvariantCulture, $"[bold {colour}]{passed} passed, {failed} failed, 0 skipped[/]"));
    }

    /// <inheritdoc/>
    public void Text(string text) => console.WriteLine(text);

    /// <inheritdoc/>
    public void Error(string text) => console.MarkupLine("[red]error:[/] " + Markup.Escape(text));

    /// <summary>A sign and a text that wraps under itself.</summary>
    private void Row(string sign, string text)
    {
        var grid = new Grid();
        grid.AddColumn(new GridColumn().NoWrap().PadLeft(7).PadRight(1));
        grid.AddColumn();
        grid.AddRow(new Markup(sign), new Text(text));
        console.Write(grid);
    }
}
