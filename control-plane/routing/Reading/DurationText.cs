using System.Globalization;

namespace Ambient.ControlPlane.Routing.Reading;

/// <summary>Durations as Go and protobuf write them: <c>1.5s</c>, <c>100ms</c>, <c>1h30m</c>, <c>0s</c>. Pure.</summary>
internal static class DurationText
{
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        double milliseconds = 0;
        int at = 0;
        while (at < text.Length)
        {
            int end = at;
            while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
            {
                end++;
            }

            int unit = end;
            while (unit < text.Length && char.IsAsciiLetter(text[unit]))
            {
                unit++;
            }

            double scale = text[end..unit] switch { "h" => 3_600_000, "m" => 60_000, "s" => 1000, "ms" => 1, "us" => 0.001, _ => 0 };
            if (scale == 0 || !double.TryParse(text.AsSpan(at, end - at), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            {
                return false;
            }

            milliseconds += number * scale;
            at = unit;
        }

        // Ten years are no timeout any more, and what is longer does not fit.
        if (text.Length == 0 || milliseconds > 315_360_000_000)
        {
            return false;
        }

        duration = TimeSpan.FromMilliseconds(milliseconds);
        return true;
    }
}
