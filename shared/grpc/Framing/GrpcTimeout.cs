using System.Globalization;

namespace Ambient.Grpc.Framing;

/// <summary>The header grpc-timeout: up to eight digits and a unit. Stateless.</summary>
public static class GrpcTimeout
{
    private const int MaxDigits = 8;

    /// <summary>How a limit is told; whole milliseconds, at least one.</summary>
    public static string Format(TimeSpan limit) => string.Create(CultureInfo.InvariantCulture, $"{(long)Math.Clamp(limit.TotalMilliseconds, 1, 99_999_999)}m");

    /// <summary>Reads the header; times beyond 30 days, which no timer takes, count as 30 days.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan limit)
    {
        limit = default;
        if (text.Length is < 2 or > MaxDigits + 1 || !long.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out long value))
        {
            return false;
        }

        long ticks = text[^1] switch
        {
            'H' => TimeSpan.TicksPerHour,
            'M' => TimeSpan.TicksPerMinute,
            'S' => TimeSpan.TicksPerSecond,
            'm' => TimeSpan.TicksPerMillisecond,
            'u' => TimeSpan.TicksPerMicrosecond,
            'n' => -TimeSpan.NanosecondsPerTick,
            _ => 0,
        };
        limit = TimeSpan.FromTicks(Math.Min(ticks < 0 ? value / -ticks : value * ticks, 30 * TimeSpan.TicksPerDay));
        return ticks != 0;
    }
}
