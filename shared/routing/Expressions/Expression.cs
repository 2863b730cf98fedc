using System.Diagnostics.CodeAnalysis;

namespace Ambient.Routing.Expressions;

/// <summary>
/// An expression over the attributes of a request, in the part of CEL that telemetry needs: literals, attributes, comparison, logic, <c>in</c>, <c>+</c>, the
/// conditional operator, and the functions <c>has size string int double duration contains startsWith endsWith matches</c>. Bounded in length and depth, without
/// loops; regular expressions run in linear time. Immutable.
/// </summary>
public sealed class Expression
{
    /// <summary>The longest text that is read.</summary>
    public const int MaxLength = 2048;

    private readonly ExpressionNode _root;

    private Expression(ExpressionNode root, string text)
    {
        _root = root;
        Text = text;
        List<(string, string)> attributes = [];
        Collect(root, attributes);
        Attributes = attributes;
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>The attributes that it names, with the keys of maps (<c>*</c> where a key is computed).</summary>
    public IReadOnlyList<(string Name, string Key)> Attributes { get; }

    /// <summary>The value when it depends on no request; missing otherwise.</summary>
    public ExpressionValue Constant => _root.Operation == ExpressionOperator.Constant ? _root.Value : default;

    /// <summary>Reads an expression; false with what is wrong, and where.</summary>
    public static bool TryCompile(string text, [NotNullWhen(true)] out Expression? expression, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        expression = null;
        if (text.Length > MaxLength)
        {
            error = $"the expression is longer than {MaxLength} characters";
            return false;
        }

        ExpressionParser parser = new(text);
        if (!parser.TryParse(out ExpressionNode? root, out error))
        {
            error = $"'{text}': {error}";
            return false;
        }

        expression = new Expression(root, text);
        return true;
    }

    /// <summary>Its value for a request.</summary>
    public ExpressionValue Evaluate(IAttributes attributes) => _root.Evaluate(attributes);

    private static void Collect(ExpressionNode node, List<(string, string)> attributes)
    {
        if (node.Operation is ExpressionOperator.Attribute or ExpressionOperator.InMap)
        {
            string key = node.Operation == ExpressionOperator.Attribute ? node.Key
                : node.Operands[0] is { Operation: ExpressionOperator.Constant } constant ? constant.Value.Text.ToLowerInvariant() : "*";
            attributes.Add((node.Name, key));
        }

        foreach (ExpressionNode operand in node.Operands)
        {
            Collect(operand, attributes);
        }
    }
}
