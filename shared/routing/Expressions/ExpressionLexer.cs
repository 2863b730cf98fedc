using System.Text;

namespace Ambient.Routing.Expressions;

/// <summary>Cuts an expression into tokens. Not thread-safe.</summary>
internal sealed class ExpressionLexer(string text)
{
    private static readonly string[] Symbols = ["||", "&&", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "?", ":", ".", ",", "(", ")", "[", "]"];

    private int _at;

    /// <summary>Where the current token begins.</summary>
    public int Position { get; private set; }

    /// <summary>A symbol or a name; empty for literals and at the end.</summary>
    public string Word { get; private set; } = "";

    /// <summary>Whether the word is a name.</summary>
    public bool IsName { get; private set; }

    /// <summary>The literal; missing for anything else.</summary>
    public ExpressionValue Literal { get; private set; }

    /// <summary>Whether there is nothing left.</summary>
    public bool IsEnd { get; private set; }

    /// <summary>Goes on to the next token; false with what cannot be one.</summary>
    public bool TryNext(out string? error)
    {
        (Word, IsName, Literal, error) = ("", false, default, null);
        while (_at < text.Length && char.IsWhiteSpace(text[_at]))
        {
            _at++;
        }

        Position = _at;
        if (_at == text.Length)
        {
            IsEnd = true;
            return true;
        }

        char c = text[_at];
        if (c is '\'' or '"')
        {
            return TryText(c, out error);
        }

        if (char.IsAsciiDigit(c))
        {
            return TryNumber(out error);
        }

        if (char.IsAsciiLetter(c) || c == '_')
        {
            ReadName();
            return true;
        }

        foreach (string symbol in Symbols)
        {
            if (text.AsSpan(_at).StartsWith(symbol, StringComparison.Ordinal))
            {
                Word = symbol;
                _at += symbol.Length;
                return true;
            }
        }

        error = $"'{c}' at {_at} is not supported";
        return false;
    }

    private void ReadName()
    {
        int start = _at;
        while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] == '_'))
        {
            _at++;
        }

        string name = text[start.._at];
        switch (name)
        {
            case "true" or "false":
                Literal = ExpressionValue.Of(name == "true");
                break;
            case "null":
                Literal = ExpressionValue.Null;
                break;
            default:
                (Word, IsName) = (name, true);
                break;
        }
    }

    private bool TryNumber(out string? error)
    {
        int start = _at;
        bool isReal = false;
        while (_at < text.Length && (char.IsAsciiDigit(text[_at]) || (text[_at] == '.' && !isReal)))
        {
            isReal |= text[_at] == '.';
            _at++;
        }

        ReadOnlySpan<char> digits = text.AsSpan(start, _at - start);
        if (_at < text.Length && text[_at] == 'u' && !isReal)
        {
            _at++;
        }

        error = null;
        if (!isReal && long.TryParse(digits, provider: null, out long number))
        {
            Literal = ExpressionValue.Of(number);
            return true;
        }

        if (isReal && double.TryParse(digits, System.Globalization.CultureInfo.InvariantCulture, out double real))
        {
            Literal = ExpressionValue.Of(real);
            return true;
        }

        error = $"'{digits}' at {start} is no number";
        return false;
    }

    private bool TryText(char quote, out string? error)
    {
        StringBuilder value = new();
        int start = _at++;
        while (_at < text.Length && text[_at] != quote)
        {
            char c = text[_at++];
            if (c != '\\')
            {
                value.Append(c);
                continue;
            }

            char escaped = _at < text.Length ? text[_at++] : '\0';
            char? meant = escaped switch { 'n' => '\n', 't' => '\t', 'r' => '\r', '\\' or '\'' or '"' or '`' or '?' => escaped, _ => null };
            if (meant is null)
            {
                error = $"the escape '\\{escaped}' at {_at - 2} is not supported";
                return false;
            }

            value.Append(meant.Value);
        }

        if (_at == text.Length)
        {
            error = $"the text at {start} has no end";
            return false;
        }

        _at++;
        Literal = ExpressionValue.Of(value.ToString());
        error = null;
        return true;
    }
}
