using System.Globalization;

namespace Ambient.Ztunnel.Settings;

/// <summary>How many event loops there are (ztunnel.md 9.3). Pure.</summary>
public static class WorkerThreads
{
    /// <summary>What <c>ZTUNNEL_WORKER_THREADS</c> may be.</summary>
    public const string Allowed = "a number of threads, 0 for all cores, or a share of the cores such as 50%";

    /// <summary>Computes the count from settings that were read before.</summary>
    /// <param name="explicitly">Value of <c>ZTUNNEL_WORKER_THREADS</c>, or null.</param>
    /// <param name="concurrency">Value of the proxy config, or null.</param>
    /// <param name="cores">Cores to assume.</param>
    /// <param name="limit">Explicit CPU limit in cores, or null.</param>
    /// <param name="request">CPU request in cores, or null.</param>
    /// <returns>The count, or null when <paramref name="explicitly"/> cannot be read.</returns>
    public static int? Count(string? explicitly, int? concurrency, int cores, int? limit, int? request)
    {
        if (explicitly is not null)
        {
            return Explicit(explicitly.Trim(), cores);
        }

        if (concurrency is { } wanted)
        {
            return wanted > 0 ? wanted : Math.Max(1, cores);
        }

        // A quarter of the machine, because without a limit it belongs to the applications.
        return limit is { } limited
            ? Math.Max(1, Math.Max(limited, request ?? 0))
            : Math.Max(2, Math.Max(request ?? 0, (cores + 3) / 4));
    }

    /// <summary>Reads a Kubernetes CPU quantity (<c>2</c>, <c>1.5</c>, <c>500m</c>) and rounds up to cores; null when it is not one above zero.</summary>
    public static int? Quantity(string text)
    {
        bool milli = text.EndsWith('m');
        ReadOnlySpan<char> digits = milli ? text.AsSpan(0, text.Length - 1) : text;
        NumberStyles style = milli ? NumberStyles.None : NumberStyles.AllowDecimalPoint;
        return decimal.TryParse(digits, style, CultureInfo.InvariantCulture, out decimal number) && number > 0 && number < 1_000_000_000
            ? (int)Math.Min(Math.Ceiling(milli ? number / 1000 : number), 100_000)
            : null;
    }

    private static int? Explicit(string text, int cores)
    {
        if (text.EndsWith('%'))
        {
            return decimal.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal share) && share is > 0 and <= 100
                ? Math.Max(1, (int)Math.Ceiling(share * cores / 100))
                : null;
        }

        return ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort count) ? (count == 0 ? Math.Max(1, cores) : count) : null;
    }
}
