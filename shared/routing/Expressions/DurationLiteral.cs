using System.Globalization;

namespace Ambient.Routing.Expressions;

/// <summary>Durations as expressions write them: one number with one unit. Pure.</summary>
internal static class DurationLiteral
{
    public static bool TryParse(string text, out TimeSpan duration)
    {
        (string unit, double milliseconds) = text.EndsWith("ms", StringComparison.Ordinal) ? ("ms", 1d)
            : text.EndsWith("us", StringComparison.Ordinal) ? ("us", 0.001)
            : text.EndsWith('s') ? ("s", 1000d)
            : text.EndsWith('m') ? ("m", 60_000d)
            : text.EndsWith('h') ? ("h", 3_600_000d)
            : ("", 0);
        duration = default;
        if (unit.Length == 0 || !double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) || number > 1e9)
        {
            return false;
        }

        duration = TimeSpan.FromMilliseconds(number * milliseconds);
        return true;
    }
}
