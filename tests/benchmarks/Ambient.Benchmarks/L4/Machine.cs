using System.Runtime.InteropServices;
using Ambient.Benchmarks.Network;

namespace Ambient.Benchmarks.L4;

/// <summary>What the figures were measured on.</summary>
internal sealed record Machine(string Cpu, int Cores, double MemoryGb, string Kernel, string OpenSsl, string Runtime, string Nginx, string Haproxy)
{
    /// <summary>Reads the description of this machine.</summary>
    public static Machine Describe()
    {
        string cpu = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
        string memory = File.ReadLines("/proc/meminfo").First(l => l.StartsWith("MemTotal", StringComparison.Ordinal));
        double kilobytes = double.Parse(memory.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);
        return new Machine(
            cpu,
            Environment.ProcessorCount,
            Math.Round(kilobytes / 1024 / 1024, 1),
            File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
            FirstLine("openssl", "version"),
            RuntimeInformation.FrameworkDescription,
            FirstLine("sh", "-c", "nginx -v 2>&1"),
            FirstLine("haproxy", "-v"));
    }

    private static string FirstLine(string command, params string[] arguments) => Shell.Run(command, arguments).Split('\n')[0].Trim();
}
