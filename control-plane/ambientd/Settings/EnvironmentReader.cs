using System.Globalization;
using System.Net;

namespace Ambient.ControlPlane.Settings;

/// <summary>Reads variables; what cannot be used is noted with its name and what is allowed, and the default goes on. For one caller.</summary>
internal sealed class EnvironmentReader(IReadOnlyDictionary<string, string> environment)
{
    private readonly List<string> _errors = [];

    /// <summary>All that was wrong.</summary>
    internal IReadOnlyList<string> Errors => _errors;

    internal void Refuse(string error) => _errors.Add(error);

    internal string? Find(string name) => environment.TryGetValue(name, out string? value) && value.Length > 0 ? value : null;

    internal string Text(string name, string otherwise) => Find(name) ?? otherwise;

    internal string[] List(string name, string otherwise = "") => Text(name, otherwise).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    internal bool Flag(string name, bool otherwise)
    {
        switch (Find(name))
        {
            case null:
                return otherwise;
            case "true" or "1" or "True" or "TRUE" or "t" or "T":
                return true;
            case "false" or "0" or "False" or "FALSE" or "f" or "F":
                return false;
            case var other:
                _errors.Add($"{name}: '{other}' is neither true nor false; allowed: true, false");
                return otherwise;
        }
    }

    internal IPEndPoint Address(string name, string otherwise)
    {
        if (IPEndPoint.TryParse(Text(name, otherwise), out IPEndPoint? address))
        {
            return address;
        }

        _errors.Add($"{name}: '{Find(name)}' is no address with port; allowed: such as {otherwise}");
        return IPEndPoint.Parse(otherwise);
    }

    /// <summary><c>500ms</c>, <c>5s</c>, <c>2m30s</c>, <c>24h</c>.</summary>
    internal TimeSpan Duration(string name, TimeSpan otherwise)
    {
        if (Find(name) is not { } text)
        {
            return otherwise;
        }

        TimeSpan sum = TimeSpan.Zero;
        int at = 0;
        while (at < text.Length)
        {
            int digits = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
            {
                at++;
            }

            int unit = at;
            while (at < text.Length && char.IsAsciiLetter(text[at]))
            {
                at++;
            }

            TimeSpan? part = Unit(text[unit..at]);
            if (part is null || !double.TryParse(text[digits..unit], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count) || count > 1e6)
            {
                _errors.Add($"{name}: '{text}' is no duration; allowed: such as 500ms, 5s, 2m30s, 24h");
                return otherwise;
            }

            sum += part.Value * count;
        }

        return sum;
    }

    private static TimeSpan? Unit(string unit) => unit switch
    {
        "ms" => TimeSpan.FromMilliseconds(1),
        "s" => TimeSpan.FromSeconds(1),
        "m" => TimeSpan.FromMinutes(1),
        "h" => TimeSpan.FromHours(1),
        _ => null,
    };
}
