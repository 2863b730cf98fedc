using System.Globalization;

namespace Ambient.Benchmarks.ControlPlane;

/// <summary>How large the cluster is, and what is measured of it. Immutable.</summary>
/// <param name="Pods">How many pods the large cluster has.</param>
/// <param name="Services">How many services the large cluster has.</param>
/// <param name="Changes">How many changes are measured in each.</param>
/// <param name="ChangesOnly">Whether certificates are left out.</param>
internal sealed record ControlPlaneOptions(int Pods, int Services, int Changes, bool ChangesOnly)
{
    /// <summary>Reads the command line.</summary>
    /// <exception cref="ArgumentException">It cannot be understood.</exception>
    public static ControlPlaneOptions Parse(string[] arguments)
    {
        var options = new ControlPlaneOptions(100_000, 10_000, 5000, ChangesOnly: false);
        for (int i = 0; i < arguments.Length; i += 2)
        {
            if (i + 1 >= arguments.Length || !int.TryParse(arguments[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number < 1)
            {
                throw new ArgumentException($"{arguments[i]}: needs a number");
            }

            options = arguments[i] switch
            {
                "--pods" => options with { Pods = number },
                "--services" => options with { Services = number },
                "--changes" => options with { Changes = number, ChangesOnly = true },
                _ => throw new ArgumentException($"{arguments[i]}: not known; --pods N, --services N, --changes N (nothing else is measured then)"),
            };
        }

        return options;
    }
}
