using Ambient.Cli.Demo.Output;
using Spectre.Console;

namespace Ambient.Cli.Tests.Demo;

public sealed class TerminalOutputTests
{
    [Fact]
    public void TextWithMarkup_IsShownAsItIs()
    {
        // An IPv6 address in brackets looks like markup to the library.
        using var text = new StringWriter { NewLine = "\n" };
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(text) });
        IDemoOutput output = new TerminalOutput(console);

        output.Title("[title]");
        output.Step("[step]");
        output.Begin(1, 2, "curl http://[fd09:96::10]/");
        output.Did("[red]did[/]");
        output.Saw("[saw");
        output.End("reason [x]", TimeSpan.FromSeconds(1.25));
        output.Error("[error]");
        output.Verdict(1, 0);

        string shown = text.ToString();
        Assert.All(new[] { "[title]", "[step]", "http://[fd09:96::10]/", "[red]did[/]", "[saw", "reason [x]", "[error]" }, t => Assert.Contains(t, shown, StringComparison.Ordinal));
        Assert.EndsWith("1 passed, 0 failed, 0 skipped\n", shown, StringComparison.Ordinal);
    }
}
