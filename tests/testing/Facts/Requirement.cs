using Ambient.Linux.Proc;

namespace Ambient.Testing.Facts;

/// <summary>What a machine must offer for a test to mean anything. Thread-safe.</summary>
public static class Requirement
{
    private static readonly string[] SystemDirectories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>Why this process may not make namespaces; null when it may.</summary>
    public static string? MissingRoot()
    {
        IReadOnlyList<string> missing = CapabilitySet.OfThisProcess().Missing(CapabilitySet.ForPods);
        return missing.Count == 0 ? null : "needs root: " + string.Join(", ", missing) + " missing";
    }

    /// <summary>Which of the programs are not installed; null when all are.</summary>
    public static string? MissingTools(params ReadOnlySpan<string> tools)
    {
        string[] path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        var missing = new List<string>();
        foreach (string tool in tools)
        {
            if (!path.Concat(SystemDirectories).Any(d => File.Exists(Path.Combine(d, tool))))
            {
                missing.Add(tool);
            }
        }

        return missing.Count == 0 ? null : "needs " + string.Join(", ", missing) + " (not installed; eng/install.sh)";
    }
}
