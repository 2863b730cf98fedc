using System.Diagnostics.CodeAnalysis;

namespace Ambient.Cni.Redirection.Rules;

/// <summary>
/// A legal interface name: 1 to 15 characters, with an optional <c>+</c> at the end that stands for any continuation. Only letters,
/// digits, dot, dash, underscore and at-sign are let through, so the text can go into a rule as it is. Immutable.
/// </summary>
public sealed record InterfaceName
{
    private const int MaxLength = 15;

    private InterfaceName(string name, bool isPrefix)
    {
        Name = name;
        IsPrefix = isPrefix;
    }

    /// <summary>The loopback interface.</summary>
    public static InterfaceName Loopback { get; } = new("lo", isPrefix: false);

    /// <summary>The name without the wildcard.</summary>
    public string Name { get; }

    /// <summary>Whether any interface whose name starts with <see cref="Name"/> is meant.</summary>
    public bool IsPrefix { get; }

    /// <summary>Reads a name as an annotation holds it; refuses what no rule should ever contain.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out InterfaceName? name)
    {
        name = null;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        bool prefix = text[^1] == '+';
        string plain = prefix ? text[..^1] : text;
        if (plain.Length is 0 or > MaxLength || plain is "." or ".." || plain[0] == '-' || !plain.All(IsAllowed))
        {
            return false;
        }

        name = new InterfaceName(plain, prefix);
        return true;
    }

    /// <summary>The form of annotations and iptables: <c>eth0</c>, <c>eth+</c>.</summary>
    public override string ToString() => IsPrefix ? Name + "+" : Name;

    private static bool IsAllowed(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '@';
}
