using System.CommandLine;

namespace Ambient.Cli.Commands;

/// <summary><c>ambientctl completion bash|zsh|fish</c>: a script for the shell. The words come from the program itself (its directive <c>[suggest]</c>).</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _ambientctl() {
          local IFS=$'\n'
          COMPREPLY=($(ambientctl "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null))
        }
        complete -o default -F _ambientctl ambientctl
        """;

    private const string Zsh = """
        #compdef ambientctl
        _ambientctl() {
          local -a words_
          words_=("${(@f)$(ambientctl "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
          compadd -a words_
        }
        compdef _ambientctl ambientctl
        """;

    private const string Fish = """
        complete -c ambientctl -f -a '(ambientctl "[suggest:"(string length -- (commandline -cp))"]" (commandline -cp) 2>/dev/null)'
        """;

    /// <summary>The command.</summary>
    public static Command Build()
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "A completion script: source <(ambientctl completion bash).") { shell };
        command.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(shell) switch { "zsh" => Zsh, "fish" => Fish, _ => Bash });
            return ExitCodes.Good;
        });
        return command;
    }
}
