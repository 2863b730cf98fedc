using System.Diagnostics;
using System.Globalization;
using Ambient.Linux.Sockets;

namespace Ambient.Benchmarks.Load;

/// <summary>nghttp2's load generator, in HTTP/1.1 or h2c, with the marks and the result of our own ones.</summary>
internal static class Http2Load
{
    private const int WarmUpSeconds = 3;

    /// <summary>Runs to the end of the window and prints counts and latencies.</summary>
    public static int Run(SocketAddress address, int connections, TimeSpan duration, string version)
    {
        string log = Path.GetTempFileName();
        try
        {
            string window = duration.TotalSeconds.ToString("0.##", CultureInfo.InvariantCulture);
            string[] protocol = version == "h1" ? ["--h1"] : [];
            ProcessStartInfo start = new("h2load", [.. protocol, "-c", $"{connections}", "-t", "1", "-m", "1", "--warm-up-time", $"{WarmUpSeconds}", "-D", window, "--log-file", log, $"http://{address}/cart/items"]) { RedirectStandardOutput = true };
            using Process load = Process.Start(start) ?? throw new InvalidOperationException("cannot start h2load");
            Task<string> output = load.StandardOutput.ReadToEndAsync();
            Stopwatch clock = Stopwatch.StartNew();
            load.WaitForExit(TimeSpan.FromSeconds(WarmUpSeconds));
            Console.WriteLine("START");
            Console.Out.Flush();
            double begun = clock.Elapsed.TotalSeconds;
            load.WaitForExit(duration);
            Console.WriteLine("END");
            Console.Out.Flush();
            double seconds = clock.Elapsed.TotalSeconds - begun;
            load.WaitForExit();
            return Print(log, seconds, output.GetAwaiter().GetResult());
        }
        finally
        {
            File.Delete(log);
        }
    }

    private static int Print(string log, double seconds, string output)
    {
        List<int> latencies = [];
        int errors = 0;
        foreach (string line in File.ReadLines(log))
        {
            string[] columns = line.Split('\t');
            if (columns.Length >= 3 && columns[1] == "200")
            {
                latencies.Add(int.Parse(columns[2], CultureInfo.InvariantCulture));
            }
            else
            {
                errors++;
            }
        }

        if (latencies.Count == 0)
        {
            Console.Error.WriteLine(output);
            return 1;
        }

        latencies.Sort();
        int At(double share) => latencies[(int)((latencies.Count - 1) * share)];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"count\":{latencies.Count},\"errors\":{errors},\"p50\":{At(0.5)},\"p99\":{At(0.99)},\"p999\":{At(0.999)},\"seconds\":{seconds:0.####}}}"));
        return 0;
    }
}
