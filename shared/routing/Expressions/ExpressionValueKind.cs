namespace Ambient.Routing.Expressions;

/// <summary>What an expression may come to.</summary>
public enum ExpressionValueKind
{
    /// <summary>Nothing: an attribute that is missing, or operands that do not fit. It spreads, as CEL's errors do.</summary>
    Missing = 0,

    /// <summary>The literal null.</summary>
    Null,

    /// <summary>True or false.</summary>
    Flag,

    /// <summary>A whole number.</summary>
    Number,

    /// <summary>A real number.</summary>
    Real,

    /// <summary>A text.</summary>
    Text,

    /// <summary>A duration, in nanoseconds.</summary>
    Duration,
}
