using System.Globalization;

namespace Ambient.Cni.Agent.Probes;

/// <summary>Finds the user that the kubelet runs as (cni-and-redirection.md 6.4).</summary>
public static class KubeletUser
{
    /// <summary>The real user id of the kubelet; null when there is none on this node.</summary>
    public static uint? Find(string proc)
    {
        foreach (string directory in Directory.EnumerateDirectories(proc).Where(d => Path.GetFileName(d).All(char.IsAsciiDigit)))
        {
            try
            {
                if (IsKubelet(File.ReadAllText(Path.Combine(directory, "comm")).Trim(), File.ReadAllText(Path.Combine(directory, "cmdline")).Split('\0')))
                {
                    return ReadUser(File.ReadAllText(Path.Combine(directory, "status")));
                }
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // It ended while it was read.
            }
        }

        return null;
    }

    /// <summary>Whether a process is a kubelet.</summary>
    public static bool IsKubelet(string command, IReadOnlyList<string> arguments) => command == "k3s"
        || (command is "kubelet" or "kubelite" && arguments.Any(a => a.Contains("kubelet", StringComparison.OrdinalIgnoreCase)));

    /// <summary>The first number of the Uid line.</summary>
    public static uint? ReadUser(string status)
    {
        ArgumentNullException.ThrowIfNull(status);
        string? line = status.Split('\n').FirstOrDefault(l => l.StartsWith("Uid:", StringComparison.Ordinal));
        string[] words = line?.Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries) ?? [];
        return words.Length > 1 && uint.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out uint user) ? user : null;
    }
}
