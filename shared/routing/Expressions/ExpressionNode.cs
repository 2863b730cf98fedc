using System.Globalization;
using Ambient.Routing.Matching;

namespace Ambient.Routing.Expressions;

/// <summary>One operation with its operands. Immutable. Nothing that an operand comes to throws: what does not fit is missing.</summary>
internal sealed class ExpressionNode(ExpressionOperator operation, params ExpressionNode[] operands)
{
    /// <summary>Of a constant.</summary>
    public ExpressionValue Value { get; init; }

    /// <summary>Of an attribute.</summary>
    public string Name { get; init; } = "";

    /// <summary>Of an attribute in a map.</summary>
    public string Key { get; init; } = "";

    /// <summary>Of a test against a regular expression.</summary>
    public LinearRegex? Regex { get; init; }

    /// <summary>What it does.</summary>
    public ExpressionOperator Operation => operation;

    /// <summary>What it does it with.</summary>
    public IReadOnlyList<ExpressionNode> Operands => operands;

    /// <summary>Its value for a request.</summary>
    public ExpressionValue Evaluate(IAttributes attributes) => operation switch
    {
        ExpressionOperator.Constant => Value,
        ExpressionOperator.Attribute => attributes.Get(Name, Key),
        ExpressionOperator.Or => Either(attributes, stop: true),
        ExpressionOperator.And => Either(attributes, stop: false),
        ExpressionOperator.Choose => Choose(attributes),
        ExpressionOperator.In => In(attributes),
        ExpressionOperator.InMap => InMap(attributes),
        ExpressionOperator.Has => ExpressionValue.Of(!operands[0].Evaluate(attributes).IsMissing),
        _ => operands.Length == 1 ? Unary(operands[0].Evaluate(attributes)) : Binary(operands[0].Evaluate(attributes), operands[1].Evaluate(attributes)),
    };

    // One side that decides is enough, whatever the other is (CEL: logical operators absorb errors).
    private ExpressionValue Either(IAttributes attributes, bool stop)
    {
        ExpressionValue left = operands[0].Evaluate(attributes);
        if (left.Kind == ExpressionValueKind.Flag && left.IsTrue == stop)
        {
            return left;
        }

        ExpressionValue right = operands[1].Evaluate(attributes);
        if (right.Kind == ExpressionValueKind.Flag && right.IsTrue == stop)
        {
            return right;
        }

        return left.Kind == ExpressionValueKind.Flag && right.Kind == ExpressionValueKind.Flag ? ExpressionValue.Of(!stop) : default;
    }

    private ExpressionValue Choose(IAttributes attributes)
    {
        ExpressionValue condition = operands[0].Evaluate(attributes);
        return condition.Kind != ExpressionValueKind.Flag ? default : operands[condition.IsTrue ? 1 : 2].Evaluate(attributes);
    }

    private ExpressionValue In(IAttributes attributes)
    {
        ExpressionValue value = operands[0].Evaluate(attributes);
        if (value.IsMissing)
        {
            return default;
        }

        for (int i = 1; i < operands.Length; i++)
        {
            if (ExpressionValue.Compare(value, operands[i].Evaluate(attributes)) == 0)
            {
                return ExpressionValue.Of(true);
            }
        }

        return ExpressionValue.Of(false);
    }

    private ExpressionValue InMap(IAttributes attributes)
    {
        ExpressionValue key = operands[0].Evaluate(attributes);
        return key.Kind != ExpressionValueKind.Text ? default : ExpressionValue.Of(!attributes.Get(Name, key.Text.ToLowerInvariant()).IsMissing);
    }

    private ExpressionValue Unary(in ExpressionValue value) => (operation, value.Kind) switch
    {
        (ExpressionOperator.Not, ExpressionValueKind.Flag) => ExpressionValue.Of(!value.IsTrue),
        (ExpressionOperator.Negate, ExpressionValueKind.Number) => ExpressionValue.Of(-value.Number),
        (ExpressionOperator.Negate, ExpressionValueKind.Real) => ExpressionValue.Of(-value.Real),
        (ExpressionOperator.Size, ExpressionValueKind.Text) => ExpressionValue.Of((long)value.Text.Length),
        (ExpressionOperator.ToText, not ExpressionValueKind.Missing) => ExpressionValue.Of(value.AsText()),
        (ExpressionOperator.ToNumber, ExpressionValueKind.Number) => value,
        (ExpressionOperator.ToNumber, ExpressionValueKind.Real) when Math.Abs(value.Real) < long.MaxValue => ExpressionValue.Of((long)value.Real),
        (ExpressionOperator.ToNumber, ExpressionValueKind.Text) when long.TryParse(value.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) => ExpressionValue.Of(number),
        (ExpressionOperator.ToReal, ExpressionValueKind.Number) => ExpressionValue.Of((double)value.Number),
        (ExpressionOperator.ToReal, ExpressionValueKind.Real) => value,
        (ExpressionOperator.ToReal, ExpressionValueKind.Text) when double.TryParse(value.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out double real) => ExpressionValue.Of(real),
        (ExpressionOperator.Matches, ExpressionValueKind.Text) => ExpressionValue.Of(Regex!.IsMatch(value.Text)),
        _ => default,
    };

    private ExpressionValue Binary(in ExpressionValue left, in ExpressionValue right)
    {
        if (left.IsMissing || right.IsMissing)
        {
            return default;
        }

        int? order = ExpressionValue.Compare(left, right);
        bool areTexts = left.Kind == ExpressionValueKind.Text && right.Kind == ExpressionValueKind.Text;
        return operation switch
        {
            ExpressionOperator.Equal => ExpressionValue.Of(order == 0),
            ExpressionOperator.Unequal => ExpressionValue.Of(order != 0),
            ExpressionOperator.Less when order is not null => ExpressionValue.Of(order < 0),
            ExpressionOperator.LessOrEqual when order is not null => ExpressionValue.Of(order <= 0),
            ExpressionOperator.Greater when order is not null => ExpressionValue.Of(order > 0),
            ExpressionOperator.GreaterOrEqual when order is not null => ExpressionValue.Of(order >= 0),
            ExpressionOperator.Add when areTexts => ExpressionValue.Of(left.Text + right.Text),
            ExpressionOperator.Add when left.Kind == ExpressionValueKind.Number && right.Kind == ExpressionValueKind.Number => ExpressionValue.Of(unchecked(left.Number + right.Number)),
            ExpressionOperator.Add when left.Kind == ExpressionValueKind.Real && right.Kind == ExpressionValueKind.Real => ExpressionValue.Of(left.Real + right.Real),
            ExpressionOperator.Contains when areTexts => ExpressionValue.Of(left.Text.Contains(right.Text, StringComparison.Ordinal)),
            ExpressionOperator.StartsWith when areTexts => ExpressionValue.Of(left.Text.StartsWith(right.Text, StringComparison.Ordinal)),
            ExpressionOperator.EndsWith when areTexts => ExpressionValue.Of(left.Text.EndsWith(right.Text, StringComparison.Ordinal)),
            _ => default,
        };
    }
}
