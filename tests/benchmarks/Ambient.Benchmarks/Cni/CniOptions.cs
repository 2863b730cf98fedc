using System.Globalization;

namespace Ambient.Benchmarks.Cni;

/// <summary>What is measured. Immutable.</summary>
/// <param name="Plugin">Our plugin, ahead of time.</param>
/// <param name="Trimmed">The same as one trimmed file; null leaves it out.</param>
/// <param name="Agent">The node agent.</param>
/// <param name="Ztunnel">The node proxy.</param>
/// <param name="Pods">How many pods are made one after the other.</param>
/// <param name="Crowd">How many are made many at once.</param>
internal sealed record CniOptions(string Plugin, string? Trimmed, string Agent, string Ztunnel, int Pods, int Crowd)
{
    /// <summary>Reads the command line. Throws <see cref="ArgumentException"/>.</summary>
    public static CniOptions Parse(string[] arguments)
    {
        Dictionary<string, string> values = new(StringComparer.Ordinal);
        for (int i = 0; i < arguments.Length; i += 2)
        {
            if (i + 1 == arguments.Length || arguments[i] is not ("--plugin" or "--trimmed" or "--agent" or "--ztunnel" or "--pods" or "--crowd"))
            {
                throw new ArgumentException($"{arguments[i]} is no option of cni, or has no value");
            }

            values[arguments[i]] = arguments[i + 1];
        }

        return new CniOptions(
            Needed("--plugin"),
            values.TryGetValue("--trimmed", out string? trimmed) ? Path.GetFullPath(trimmed) : null,
            Needed("--agent"),
            Needed("--ztunnel"),
            values.TryGetValue("--pods", out string? pods) ? int.Parse(pods, CultureInfo.InvariantCulture) : 50,
            values.TryGetValue("--crowd", out string? crowd) ? int.Parse(crowd, CultureInfo.InvariantCulture) : 1000);

        string Needed(string name) => values.TryGetValue(name, out string? value) && File.Exists(value) ? Path.GetFullPath(value) : throw new ArgumentException(name + " must name a file");
    }
}
