using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Ambient.Routing.Actions;

/// <summary>A header value with <c>%COMMANDS%</c> (waypoint reference 2.1.2). Immutable.</summary>
public sealed class HeaderTemplate
{
    private readonly (string Literal, string Command, string Argument)[] _parts;
    private readonly string? _constant;

    private HeaderTemplate((string Literal, string Command, string Argument)[] parts)
    {
        _parts = parts;
        _constant = parts is [{ Command: "" }] ? parts[0].Literal : parts.Length == 0 ? "" : null;
    }

    /// <summary>Reads a template; <c>%%</c> is a percent sign. False when a percent sign stands alone or a command is unknown.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out HeaderTemplate? template, [NotNullWhen(false)] out string? error)
    {
        template = null;
        List<(string, string, string)> parts = [];
        StringBuilder literal = new();
        int at = 0;
        while (at < text.Length)
        {
            if (text[at] != '%')
            {
                literal.Append(text[at++]);
                continue;
            }

            int end = text.IndexOf('%', at + 1);
            if (end < 0)
            {
                error = $"'{text}' has a percent sign without its other half; a plain one is written %%";
                return false;
            }

            if (end == at + 1)
            {
                literal.Append('%');
            }
            else if (TryCommand(text[(at + 1)..end], out string command, out string argument))
            {
                parts.Add((literal.ToString(), command, argument));
                literal.Clear();
            }
            else
            {
                error = $"'%{text[(at + 1)..end]}%' is no known command";
                return false;
            }

            at = end + 1;
        }

        if (literal.Length > 0)
        {
            parts.Add((literal.ToString(), "", ""));
        }

        template = new HeaderTemplate([.. parts]);
        error = null;
        return true;
    }

    /// <summary>The value for one request; what is unknown becomes <c>-</c>.</summary>
    public string Expand(ICommandSource source)
    {
        if (_constant is not null)
        {
            return _constant;
        }

        StringBuilder value = new();
        foreach ((string literal, string command, string argument) in _parts)
        {
            value.Append(literal);
            if (command.Length > 0)
            {
                value.Append(source.Resolve(command, argument) ?? "-");
            }
        }

        return value.ToString();
    }

    private static bool TryCommand(string text, out string command, out string argument)
    {
        int open = text.IndexOf('(', StringComparison.Ordinal);
        command = open < 0 ? text : text[..open];
        argument = open < 0 ? "" : text[(open + 1)..^1];
        return (open < 0 || text.EndsWith(')')) && HeaderCommands.Takes(command, argument.Length > 0);
    }
}
