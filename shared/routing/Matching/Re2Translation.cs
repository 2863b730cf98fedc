using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Ambient.Routing.Matching;

/// <summary>RE2's syntax in .NET's words. Pure.</summary>
internal static class Re2Translation
{
    private const string Digit = "0-9";
    private const string Word = "0-9A-Za-z_";
    private const string Space = @"\t\n\f\r ";

    private static readonly Dictionary<string, string> Posix = new(StringComparer.Ordinal)
    {
        ["alnum"] = "0-9A-Za-z",
        ["alpha"] = "A-Za-z",
        ["ascii"] = @"\x00-\x7F",
        ["blank"] = @"\t ",
        ["cntrl"] = @"\x00-\x1F\x7F",
        ["digit"] = Digit,
        ["graph"] = "!-~",
        ["lower"] = "a-z",
        ["print"] = " -~",
        ["punct"] = @"!-/:-@\[-`{-~",
        ["space"] = @"\t\n\v\f\r ",
        ["upper"] = "A-Z",
        ["word"] = Word,
        ["xdigit"] = "0-9A-Fa-f",
    };

    public static bool TryTranslate(string pattern, [NotNullWhen(true)] out string? translated, [NotNullWhen(false)] out string? error)
    {
        StringBuilder text = new();
        translated = null;
        int at = 0;
        while (at < pattern.Length)
        {
            error = pattern[at] switch
            {
                '\\' => Escape(pattern, ref at, text, inClass: false),
                '[' => Class(pattern, ref at, text),
                '(' => Group(pattern, ref at, text),
                // $ in RE2 is the very end of the text, in .NET also before a last newline.
                '$' => Literal(text, @"(?!\n)$", ref at),
                _ => Literal(text, pattern.Substring(at, 1), ref at),
            };
            if (error is not null)
            {
                return false;
            }
        }

        // The engine without backtracking knows no look-ahead; \z is what is meant.
        translated = text.Replace(@"(?!\n)$", @"\z").ToString();
        error = null;
        return true;
    }

    private static string? Literal(StringBuilder text, string part, ref int at)
    {
        text.Append(part);
        at++;
        return null;
    }

    private static string? Group(string pattern, ref int at, StringBuilder text)
    {
        if (at + 1 >= pattern.Length || pattern[at + 1] != '?')
        {
            text.Append('(');
            at++;
            return null;
        }

        ReadOnlySpan<char> rest = pattern.AsSpan(at + 2);
        if (rest.StartsWith("P<", StringComparison.Ordinal) || (rest.Length > 1 && rest[0] == '<' && char.IsAsciiLetter(rest[1])))
        {
            at += rest[0] == 'P' ? 4 : 3;
            text.Append("(?<");
            return null;
        }

        int end = rest.IndexOfAny(':', ')');
        if (end < 0 || rest[..end].ContainsAnyExcept("ims-"))
        {
            return rest.Length > 0 && rest[0] is '=' or '!' or '<' ? "look-around is not supported" : "unknown group or flag after (?";
        }

        text.Append("(?").Append(rest[..(end + 1)]);
        at += 3 + end;
        return null;
    }

    private static string? Class(string pattern, ref int at, StringBuilder text)
    {
        int start = at++;
        text.Append('[');
        if (at < pattern.Length && pattern[at] == '^')
        {
            text.Append('^');
            at++;
        }

        bool isFirst = true;
        while (at < pattern.Length)
        {
            char c = pattern[at];
            if (c == ']' && !isFirst)
            {
                text.Append(']');
                at++;
                return null;
            }

            isFirst = false;
            if (c == '\\')
            {
                if (Escape(pattern, ref at, text, inClass: true) is { } error)
                {
                    return error;
                }
            }
            else if (c == '[' && pattern.AsSpan(at).StartsWith("[:", StringComparison.Ordinal) && pattern.IndexOf(":]", at + 2, StringComparison.Ordinal) is int close and > 0)
            {
                if (!Posix.TryGetValue(pattern[(at + 2)..close], out string? members))
                {
                    return $"unknown character class {pattern[at..(close + 2)]}";
                }

                text.Append(members);
                at = close + 2;
            }
            else
            {
                // A bracket inside a class begins a subtraction in .NET.
                text.Append(c is '[' or ']' ? @"\" + c : c.ToString());
                at++;
            }
        }

        return $"the class that begins at {start.ToString(CultureInfo.InvariantCulture)} has no end";
    }

    private static string? Escape(string pattern, ref int at, StringBuilder text, bool inClass)
    {
        if (at + 1 >= pattern.Length)
        {
            return "a backslash at the end";
        }

        char c = pattern[at + 1];
        at += 2;
        switch (c)
        {
            case 'd' or 'w' or 's':
                text.Append(inClass ? "" : "[").Append(Members(c)).Append(inClass ? "" : "]");
                return null;
            case 'D' or 'W' or 'S':
                if (inClass)
                {
                    text.Append(c == 'D' ? @"\x00-/:-\uffff" : c == 'W' ? @"\x00-/:-@\[-^`{-\uffff" : @"\x00-\x08\x0B\x0E-\x1F!-\uffff");
                    return null;
                }

                text.Append("[^").Append(Members(char.ToLowerInvariant(c))).Append(']');
                return null;
            case 'A' when !inClass:
                text.Append(@"\A");
                return null;
            case 'z' when !inClass:
                text.Append(@"\z");
                return null;
            case 'b' or 'B' when !inClass:
                text.Append('\\').Append(c);
                return null;
            case 'Q':
                int end = pattern.IndexOf(@"\E", at, StringComparison.Ordinal);
                text.Append(System.Text.RegularExpressions.Regex.Escape(pattern[at..(end < 0 ? pattern.Length : end)]));
                at = end < 0 ? pattern.Length : end + 2;
                return null;
            case 'x':
                return Hexadecimal(pattern, ref at, text);
            case 'a' or 'f' or 'n' or 'r' or 't' or 'v' or 'p' or 'P':
                text.Append('\\').Append(c);
                return null;
            default:
                if (char.IsAsciiLetterOrDigit(c))
                {
                    return char.IsAsciiDigit(c) ? "back-references are not supported" : $"unknown escape \\{c}";
                }

                text.Append(c == '/' ? "/" : @"\" + c);
                return null;
        }
    }

    private static string? Hexadecimal(string pattern, ref int at, StringBuilder text)
    {
        int length = 2;
        int start = at;
        int next = at + 2;
        if (at < pattern.Length && pattern[at] == '{')
        {
            int close = pattern.IndexOf('}', at);
            start = at + 1;
            length = close - start;
            next = close + 1;
        }

        if (length is < 1 or > 4 || start + length > pattern.Length || !ushort.TryParse(pattern.AsSpan(start, length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code))
        {
            return @"\x needs two hexadecimal digits, or up to four in braces";
        }

        text.Append(@"\u").Append(code.ToString("x4", CultureInfo.InvariantCulture));
        at = next;
        return null;
    }

    private static string Members(char kind) => kind switch
    {
        'd' => Digit,
        'w' => Word,
        _ => Space,
    };
}
