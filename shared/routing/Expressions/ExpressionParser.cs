using System.Diagnostics.CodeAnalysis;
using Ambient.Routing.Matching;

namespace Ambient.Routing.Expressions;

/// <summary>Reads an expression by recursive descent, at most <see cref="MaxDepth"/> deep. Not thread-safe.</summary>
internal sealed class ExpressionParser(string text)
{
    private const int MaxDepth = 32;
    private const int MaxNodes = 256;

    private readonly ExpressionLexer _lexer = new(text);
    private string? _error;
    private int _depth;
    private int _nodes;

    public bool TryParse([NotNullWhen(true)] out ExpressionNode? root, [NotNullWhen(false)] out string? error)
    {
        Next();
        root = Conditional();
        if (_error is null && !_lexer.IsEnd)
        {
            Fail($"nothing was expected at {_lexer.Position}");
        }

        error = _error;
        root = error is null ? root : null;
        return root is not null;
    }

    private ExpressionNode Conditional()
    {
        if (++_depth > MaxDepth)
        {
            Fail($"the expression is more than {MaxDepth} deep");
            return Nothing();
        }

        ExpressionNode condition = Chain(["||"], () => Chain(["&&"], Relation));
        if (Take("?"))
        {
            ExpressionNode yes = Conditional();
            Expect(":");
            condition = Node(ExpressionOperator.Choose, condition, yes, Conditional());
        }

        _depth--;
        return condition;
    }

    private ExpressionNode Relation()
    {
        ExpressionNode left = Sum();
        while (_error is null)
        {
            ExpressionOperator? operation = _lexer.Word switch
            {
                "==" => ExpressionOperator.Equal,
                "!=" => ExpressionOperator.Unequal,
                "<" => ExpressionOperator.Less,
                "<=" => ExpressionOperator.LessOrEqual,
                ">" => ExpressionOperator.Greater,
                ">=" => ExpressionOperator.GreaterOrEqual,
                _ => null,
            };
            if (operation is { } known)
            {
                Next();
                left = Node(known, left, Sum());
            }
            else if (_lexer is { IsName: true, Word: "in" })
            {
                Next();
                left = In(left);
            }
            else
            {
                break;
            }
        }

        return left;
    }

    private ExpressionNode Sum() => Chain(["+"], Unary);

    private ExpressionNode Chain(string[] symbols, Func<ExpressionNode> next)
    {
        ExpressionNode left = next();
        while (_error is null && symbols.Contains(_lexer.Word) && !_lexer.IsName)
        {
            ExpressionOperator operation = _lexer.Word switch { "||" => ExpressionOperator.Or, "&&" => ExpressionOperator.And, _ => ExpressionOperator.Add };
            Next();
            left = Node(operation, left, next());
        }

        return left;
    }

    private ExpressionNode Unary()
    {
        if (++_depth > MaxDepth)
        {
            Fail($"the expression is more than {MaxDepth} deep");
            return Nothing();
        }

        ExpressionNode node = Take("!") ? Node(ExpressionOperator.Not, Unary()) : Take("-") ? Node(ExpressionOperator.Negate, Unary()) : Member();
        _depth--;
        return node;
    }

    private ExpressionNode In(ExpressionNode left)
    {
        if (Take("["))
        {
            List<ExpressionNode> items = [left];
            while (_error is null && !Take("]"))
            {
                items.Add(Conditional());
                if (_lexer.Word != "]")
                {
                    Expect(",");
                }
            }

            return Node(ExpressionOperator.In, [.. items]);
        }

        string[] chain = Names();
        if (AttributeCatalog.TryResolve(chain, out string attribute, out string? key, out bool isMap) && isMap && key is null)
        {
            return new ExpressionNode(ExpressionOperator.InMap, left) { Name = attribute };
        }

        Fail($"'in' at {_lexer.Position} needs a list, request.headers, response.headers or response.trailers");
        return Nothing();
    }

    private ExpressionNode Member()
    {
        ExpressionNode node = Primary();
        while (_error is null && _lexer.Word == "." && !_lexer.IsName)
        {
            Next();
            node = Method(node);
        }

        return node;
    }

    private ExpressionNode Primary()
    {
        if (!_lexer.Literal.IsMissing)
        {
            ExpressionNode literal = new(ExpressionOperator.Constant) { Value = _lexer.Literal };
            Next();
            return literal;
        }

        if (Take("("))
        {
            ExpressionNode inner = Conditional();
            Expect(")");
            return inner;
        }

        if (!_lexer.IsName)
        {
            Fail(_lexer.IsEnd ? "it ends too early" : $"'{_lexer.Word}' was not expected at {_lexer.Position}");
            return Nothing();
        }

        return AttributeOrFunction();
    }

    private ExpressionNode AttributeOrFunction()
    {
        int start = _lexer.Position;
        List<string> chain = [_lexer.Word];
        Next();
        if (chain[0] is "has" or "size" or "string" or "int" or "double" or "duration" && Take("("))
        {
            return Function(chain[0]);
        }

        while (_error is null)
        {
            if (AttributeCatalog.TryResolve(chain.ToArray(), out string attribute, out string? key, out bool isMap) && (!isMap || key is not null))
            {
                // What follows is a method of its value.
                return new ExpressionNode(ExpressionOperator.Attribute) { Name = attribute, Key = key ?? "" };
            }

            if (Take("["))
            {
                chain.Add(_lexer.Literal.Kind == ExpressionValueKind.Text ? _lexer.Literal.Text : "");
                Next();
                Expect("]");
            }
            else if (Take(".") && _lexer.IsName)
            {
                chain.Add(_lexer.Word);
                Next();
            }
            else
            {
                break;
            }
        }

        Fail($"'{string.Join('.', chain)}' at {start} is no attribute that is supported");
        return Nothing();
    }

    private string[] Names()
    {
        List<string> chain = [];
        while (_error is null && _lexer.IsName)
        {
            chain.Add(_lexer.Word);
            Next();
            if (!Take("."))
            {
                break;
            }
        }

        return [.. chain];
    }

    private ExpressionNode Function(string name)
    {
        ExpressionNode argument = Conditional();
        Expect(")");
        if (_error is not null)
        {
            return Nothing();
        }

        switch (name)
        {
            case "has" when argument.Operation == ExpressionOperator.Attribute:
                return Node(ExpressionOperator.Has, argument);
            case "has":
                Fail("has() needs an attribute");
                return Nothing();
            case "duration" when argument.Operation == ExpressionOperator.Constant && DurationLiteral.TryParse(argument.Value.Text, out TimeSpan duration):
                return new ExpressionNode(ExpressionOperator.Constant) { Value = ExpressionValue.Of(duration) };
            case "duration":
                Fail("duration() needs a text such as '1.5s' or '200ms'");
                return Nothing();
            default:
                return Node(name switch { "size" => ExpressionOperator.Size, "string" => ExpressionOperator.ToText, "int" => ExpressionOperator.ToNumber, _ => ExpressionOperator.ToReal }, argument);
        }
    }

    private ExpressionNode Method(ExpressionNode target)
    {
        string name = _lexer.Word;
        int start = _lexer.Position;
        Next();
        Expect("(");
        if (name == "size" && Take(")"))
        {
            return Node(ExpressionOperator.Size, target);
        }

        ExpressionNode argument = Conditional();
        Expect(")");
        switch (name)
        {
            case "contains":
                return Node(ExpressionOperator.Contains, target, argument);
            case "startsWith":
                return Node(ExpressionOperator.StartsWith, target, argument);
            case "endsWith":
                return Node(ExpressionOperator.EndsWith, target, argument);
            case "matches" when argument is { Operation: ExpressionOperator.Constant, Value.Kind: ExpressionValueKind.Text }:
                return Matches(target, argument.Value.Text);
            default:
                Fail(name == "matches" ? "matches() needs a literal" : $"the function '{name}' at {start} is not supported");
                return Nothing();
        }
    }

    private ExpressionNode Matches(ExpressionNode target, string pattern)
    {
        // CEL looks for a match anywhere.
        if (LinearRegex.TryCompile(pattern, whole: false, out LinearRegex? regex, out string? error))
        {
            return new ExpressionNode(ExpressionOperator.Matches, target) { Regex = regex };
        }

        Fail(error);
        return Nothing();
    }

    private ExpressionNode Node(ExpressionOperator operation, params ExpressionNode[] operands)
    {
        if (++_nodes > MaxNodes)
        {
            Fail($"the expression has more than {MaxNodes} parts");
        }

        return new ExpressionNode(operation, operands);
    }

    private static ExpressionNode Nothing() => new(ExpressionOperator.Constant);

    private bool Take(string symbol)
    {
        if (_error is not null || _lexer.IsName || _lexer.Word != symbol)
        {
            return false;
        }

        Next();
        return true;
    }

    private void Expect(string symbol)
    {
        if (!Take(symbol))
        {
            Fail($"'{symbol}' was expected at {_lexer.Position}");
        }
    }

    private void Next()
    {
        if (!_lexer.TryNext(out string? error))
        {
            Fail(error!);
        }
    }

    private void Fail(string error) => _error ??= error;
}
