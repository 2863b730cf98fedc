using System.Globalization;

namespace Ambient.Routing.Expressions;

/// <summary>A value of an expression. Immutable.</summary>
public readonly record struct ExpressionValue
{
    private ExpressionValue(ExpressionValueKind kind, long number, double real, string? text)
    {
        Kind = kind;
        Number = number;
        Real = real;
        Text = text ?? "";
    }

    /// <summary>Nothing.</summary>
    public static ExpressionValue Missing => default;

    /// <summary>The literal null.</summary>
    public static ExpressionValue Null { get; } = new(ExpressionValueKind.Null, 0, 0, null);

    /// <summary>What it is.</summary>
    public ExpressionValueKind Kind { get; }

    /// <summary>A whole number, a duration's nanoseconds, or 1 for true.</summary>
    public long Number { get; }

    /// <summary>A real number.</summary>
    public double Real { get; }

    /// <summary>A text.</summary>
    public string Text { get; }

    /// <summary>Whether it is the flag true.</summary>
    public bool IsTrue => Kind == ExpressionValueKind.Flag && Number != 0;

    /// <summary>Whether it is nothing.</summary>
    public bool IsMissing => Kind == ExpressionValueKind.Missing;

    /// <summary>A flag.</summary>
    public static ExpressionValue Of(bool value) => new(ExpressionValueKind.Flag, value ? 1 : 0, 0, null);

    /// <summary>A whole number.</summary>
    public static ExpressionValue Of(long value) => new(ExpressionValueKind.Number, value, 0, null);

    /// <summary>A real number.</summary>
    public static ExpressionValue Of(double value) => new(ExpressionValueKind.Real, 0, value, null);

    /// <summary>A text; nothing for null.</summary>
    public static ExpressionValue Of(string? value) => value is null ? default : new(ExpressionValueKind.Text, 0, 0, value);

    /// <summary>A duration.</summary>
    public static ExpressionValue Of(TimeSpan value) => new(ExpressionValueKind.Duration, value.Ticks * 100, 0, null);

    /// <summary>As labels and tags show it; null for nothing.</summary>
    public string? AsText() => Kind switch
    {
        ExpressionValueKind.Missing => null,
        ExpressionValueKind.Null => "null",
        ExpressionValueKind.Flag => Number != 0 ? "true" : "false",
        ExpressionValueKind.Number => Number.ToString(CultureInfo.InvariantCulture),
        ExpressionValueKind.Real => Real.ToString("R", CultureInfo.InvariantCulture),
        ExpressionValueKind.Duration => $"{(Number / 1e9).ToString("R", CultureInfo.InvariantCulture)}s",
        _ => Text,
    };

    /// <summary>The order of two values; null when they have none.</summary>
    internal static int? Compare(in ExpressionValue left, in ExpressionValue right)
    {
        if (left.Kind == right.Kind)
        {
            return left.Kind switch
            {
                ExpressionValueKind.Text => string.CompareOrdinal(left.Text, right.Text),
                ExpressionValueKind.Real => double.IsNaN(left.Real) || double.IsNaN(right.Real) ? null : left.Real.CompareTo(right.Real),
                ExpressionValueKind.Missing => null,
                _ => left.Number.CompareTo(right.Number),
            };
        }

        return (left.Kind, right.Kind) switch
        {
            (ExpressionValueKind.Number, ExpressionValueKind.Real) => ((double)left.Number).CompareTo(right.Real),
            (ExpressionValueKind.Real, ExpressionValueKind.Number) => left.Real.CompareTo(right.Number),
            _ => null,
        };
    }
}
