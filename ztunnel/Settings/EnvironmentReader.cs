using System.Globalization;

namespace Ambient.Ztunnel.Settings;

/// <summary>Reads typed values from the environment and collects every error instead of stopping at the first. Used by one thread.</summary>
internal sealed class EnvironmentReader(IReadOnlyDictionary<string, string> environment)
{
    public List<SettingError> Errors { get; } = [];

    public IReadOnlyDictionary<string, string> All => environment;

    public bool Has(string name) => environment.ContainsKey(name);

    public string? Text(string name) => environment.GetValueOrDefault(name);

    /// <summary>The value, or null when it is missing or empty.</summary>
    public string? NonEmpty(string name) => environment.TryGetValue(name, out string? value) && value.Length > 0 ? value : null;

    public bool Flag(string name, bool otherwise) => Flag(name) ?? otherwise;

    public bool? Flag(string name)
    {
        switch (Text(name))
        {
            case null:
                return null;
            case "true":
                return true;
            case "false":
                return false;
            default:
                Fail(name, "not a boolean", "true or false");
                return null;
        }
    }

    public int Number(string name, int otherwise, int lowest, int highest) => OptionalNumber(name, lowest, highest) ?? otherwise;

    public int? OptionalNumber(string name, int lowest, int highest)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= lowest && number <= highest)
        {
            return number;
        }

        Fail(name, "not a number in range", $"a whole number from {lowest} to {highest}");
        return null;
    }

    public TimeSpan Duration(string name, TimeSpan otherwise) => OptionalDuration(name) ?? otherwise;

    public TimeSpan? OptionalDuration(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (DurationText.TryParse(text, out TimeSpan duration))
        {
            return duration;
        }

        Fail(name, "not a duration", DurationText.Allowed);
        return null;
    }

    /// <summary>Variables that begin with a prefix, without it, in order of name.</summary>
    public IEnumerable<KeyValuePair<string, string>> WithPrefix(string prefix) => environment
        .Where(e => e.Key.StartsWith(prefix, StringComparison.Ordinal) && e.Key.Length > prefix.Length)
        .OrderBy(e => e.Key, StringComparer.Ordinal)
        .Select(e => KeyValuePair.Create(e.Key[prefix.Length..], e.Value));

    public void Fail(string name, string reason, string allowed, string hint = "") => Errors.Add(new SettingError(name, Text(name), reason, allowed, hint));
}
