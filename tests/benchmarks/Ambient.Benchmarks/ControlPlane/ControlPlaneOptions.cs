using System.Globalization;

namespace Ambient.Benchmarks.ControlPlane;

/// <summary>How large the cluster is. Immutable.</summary>
internal sealed record ControlPlaneOptions(int Pods, int Services)
{
    /// <summary>Reads the command line.</summary>
    /// <exception cref="ArgumentException">It cannot be understood.</exception>
    public static ControlPlaneOptions Parse(string[] arguments)
    {
        var options = new ControlPlaneOptions(100_000, 10_000);
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
                _ => throw new ArgumentException($"{arguments[i]}: not known; --pods N, --services N"),
            };
        }

        return options;
    }
}
