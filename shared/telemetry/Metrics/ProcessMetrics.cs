using System.Globalization;

namespace Ambient.Telemetry.Metrics;

/// <summary>Open files of the process and their limit, from /proc. Thread-safe.</summary>
public sealed class ProcessMetrics : IMetricCollector
{
    /// <inheritdoc/>
    public void Collect(ExpositionWriter writer)
    {
        if (OpenFiles() is { } open)
        {
            writer.Family("process_open_fds", MetricKind.Gauge, "Number of open file descriptors");
            writer.Sample(MetricLabels.None, open);
        }

        if (FileLimit() is { } limit)
        {
            writer.Family("process_max_fds", MetricKind.Gauge, "Maximum number of open file descriptors");
            writer.Sample(MetricLabels.None, limit);
        }
    }

    private static long? OpenFiles()
    {
        try
        {
            // One descriptor is the enumeration's own.
            return Math.Max(1, Directory.EnumerateFileSystemEntries("/proc/self/fd").LongCount() - 1);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long? FileLimit()
    {
        try
        {
            foreach (string line in File.ReadLines("/proc/self/limits"))
            {
                if (line.StartsWith("Max open files", StringComparison.Ordinal))
                {
                    string soft = line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
                    return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out long limit) ? limit : long.MaxValue;
                }
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        return null;
    }
}
