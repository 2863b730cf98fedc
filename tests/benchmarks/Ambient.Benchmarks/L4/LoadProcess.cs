using System.Diagnostics;

namespace Ambient.Benchmarks.L4;

/// <summary>Starts this program again as load generator or server inside a namespace.</summary>
internal static class LoadProcess
{
    /// <summary>Starts <c>ambient-bench load …</c> in a namespace with redirected output.</summary>
    public static Process Start(string ns, params string[] arguments)
    {
        string self = Environment.ProcessPath ?? throw new InvalidOperationException("the program's path is not known");
        ProcessStartInfo start = new("ip", ["netns", "exec", ns, self, "load", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        // The generator must be at full speed from its first request.
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_TieredCompilation"] = "0";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        return Process.Start(start) ?? throw new InvalidOperationException("cannot start the load generator");
    }
}
