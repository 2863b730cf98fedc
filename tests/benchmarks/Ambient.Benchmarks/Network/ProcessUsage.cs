using System.Globalization;

namespace Ambient.Benchmarks.Network;

/// <summary>CPU time and resident memory of processes and their children, read from /proc.</summary>
internal static class ProcessUsage
{
    // USER_HZ is 100 on every architecture that .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>User plus system CPU seconds of the given processes and their living children.</summary>
    public static double CpuSeconds(IEnumerable<int> processIds)
    {
        double ticks = 0;
        foreach (int id in WithChildren(processIds))
        {
            string? stat = TryRead($"/proc/{id}/stat");
            if (stat is null)
            {
                continue;
            }

            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            ticks += long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        }

        return ticks / TicksPerSecond;
    }

    /// <summary>Resident memory in bytes.</summary>
    public static long ResidentBytes(IEnumerable<int> processIds)
    {
        long kilobytes = 0;
        foreach (int id in WithChildren(processIds))
        {
            string? status = TryRead($"/proc/{id}/status");
            string? line = status?.Split('\n').FirstOrDefault(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            if (line is not null)
            {
                kilobytes += long.Parse(line["VmRSS:".Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
            }
        }

        return kilobytes * 1024;
    }

    private static IEnumerable<int> WithChildren(IEnumerable<int> processIds)
    {
        foreach (int id in processIds)
        {
            yield return id;
            if (!Directory.Exists($"/proc/{id}/task"))
            {
                continue;
            }

            foreach (string task in Directory.EnumerateDirectories($"/proc/{id}/task"))
            {
                string children = TryRead(task + "/children") ?? "";
                int[] ids = [.. children.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(c => int.Parse(c, CultureInfo.InvariantCulture))];
                foreach (int child in WithChildren(ids))
                {
                    yield return child;
                }
            }
        }
    }

    private static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            // The process ended between the listing and the reading.
            return null;
        }
    }
}
