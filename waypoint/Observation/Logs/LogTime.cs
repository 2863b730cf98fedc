using System.Globalization;
using System.Text;

namespace Ambient.Waypoint.Observation.Logs;

/// <summary>Times as log formats ask for them: like strftime, with <c>%3f</c>, <c>%6f</c> and <c>%9f</c> for parts of a second. Pure.</summary>
internal static class LogTime
{
    /// <summary>Formats a time; ISO 8601 with milliseconds when the format is empty.</summary>
    public static string Format(DateTimeOffset time, string format)
    {
        if (format.Length == 0)
        {
            return time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        }

        StringBuilder text = new();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }

            int digits = char.IsAsciiDigit(format[i + 1]) ? format[++i] - '0' : 0;
            text.Append(i + 1 < format.Length ? Part(time.UtcDateTime, format[++i], digits) : "");
        }

        return text.ToString();
    }

    private static string Part(DateTime time, char letter, int digits) => letter switch
    {
        'Y' => time.ToString("yyyy", CultureInfo.InvariantCulture),
        'y' => time.ToString("yy", CultureInfo.InvariantCulture),
        'm' => time.ToString("MM", CultureInfo.InvariantCulture),
        'd' => time.ToString("dd", CultureInfo.InvariantCulture),
        'b' => time.ToString("MMM", CultureInfo.InvariantCulture),
        'a' => time.ToString("ddd", CultureInfo.InvariantCulture),
        'H' => time.ToString("HH", CultureInfo.InvariantCulture),
        'M' => time.ToString("mm", CultureInfo.InvariantCulture),
        'S' => time.ToString("ss", CultureInfo.InvariantCulture),
        'F' => time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        'T' => time.ToString("HH:mm:ss", CultureInfo.InvariantCulture),
        'z' => "+0000",
        'Z' => "UTC",
        's' => new DateTimeOffset(time).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
        'f' => Fraction(time, digits == 0 ? 9 : digits),
        '%' => "%",
        _ => $"%{letter}",
    };

    private static string Fraction(DateTime time, int digits) => ((time.Ticks % TimeSpan.TicksPerSecond) * 100).ToString("000000000", CultureInfo.InvariantCulture)[..Math.Min(9, digits)];
}
