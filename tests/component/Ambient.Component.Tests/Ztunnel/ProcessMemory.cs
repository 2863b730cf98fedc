using System.Globalization;
using Ambient.Testing.Networks;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>What a process holds of the machine's memory.</summary>
internal static class ProcessMemory
{
    /// <summary>Resident bytes.</summary>
    public static long ResidentBytes(Peer proxy)
    {
        string line = File.ReadLines($"/proc/{proxy.Process.Id}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Split('\t')[^1], CultureInfo.InvariantCulture) * 1024;
    }
}
