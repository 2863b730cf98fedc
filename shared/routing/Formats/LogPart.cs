using Ambient.Routing.Expressions;

namespace Ambient.Routing.Formats;

/// <summary>A literal, and the command behind it. Immutable.</summary>
/// <param name="Literal">Text before the command.</param>
/// <param name="Command">The command; none at the end of a format.</param>
/// <param name="Argument">Such as a field's name in lower case.</param>
/// <param name="Alternative">The field that is shown when the first is missing; empty for none.</param>
/// <param name="MaxLength">Characters of the value that are shown.</param>
/// <param name="Expression">Of a CEL command.</param>
public sealed record LogPart(string Literal, LogCommand Command, string Argument, string Alternative, int MaxLength, Expression? Expression)
{
    /// <summary>A literal alone.</summary>
    public static LogPart Of(string literal) => new(literal, LogCommand.None, "", "", int.MaxValue, null);
}
