using System.Globalization;

namespace Ambient.Ztunnel.Settings;

/// <summary>Reads durations such as <c>5s</c>, <c>2m30s</c>, <c>1h</c>; a bare number is seconds (ztunnel.md 9.1).</summary>
public static class DurationText
{
    /// <summary>What is allowed, for messages.</summary>
    public const string Allowed = "a duration such as 500ms, 5s, 2m30s, 1h, or a number of seconds";

    private static readonly (string Unit, double Milliseconds)[] Units = [("ms", 1), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];

    /// <summary>Reads a duration; false for anything else, also for negative and absurdly long ones.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        double total = 0;
        if (rest.IsEmpty)
        {
            return false;
        }

        while (!rest.IsEmpty)
        {
            int digits = rest.IndexOfAnyExceptInRange('0', '9');
            bool bare = digits < 0;
            if (digits == 0 || (bare && rest.Length != text.AsSpan().Trim().Length)
                || !long.TryParse(bare ? rest : rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out long number))
            {
                return false;
            }

            if (bare)
            {
                total = number * 1000d;
                break;
            }

            if (!TryUnit(ref rest, digits, out double unit))
            {
                return false;
            }

            total += number * unit;
        }

        // Ten years: longer is a mistake, and it must not overflow a timer.
        if (total > 3_650d * 86_400_000)
        {
            return false;
        }

        duration = TimeSpan.FromMilliseconds(total);
        return true;
    }

    private static bool TryUnit(ref ReadOnlySpan<char> rest, int digits, out double milliseconds)
    {
        ReadOnlySpan<char> after = rest[digits..];
        int end = after.IndexOfAnyInRange('0', '9');
        ReadOnlySpan<char> word = (end < 0 ? after : after[..end]).Trim();
        rest = end < 0 ? default : after[end..];
        foreach ((string unit, double factor) in Units)
        {
            if (word.SequenceEqual(unit))
            {
                milliseconds = factor;
                return true;
            }
        }

        milliseconds = 0;
        return false;
    }
}
