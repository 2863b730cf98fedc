namespace Ambient.Routing.Expressions;

/// <summary>What a node of an expression does.</summary>
internal enum ExpressionOperator
{
    Constant,
    Attribute,
    Or,
    And,
    Not,
    Negate,
    Choose,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    In,
    InMap,
    Has,
    Size,
    ToText,
    ToNumber,
    ToReal,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
}
