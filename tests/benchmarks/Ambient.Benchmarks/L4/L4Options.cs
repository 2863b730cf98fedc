using System.Globalization;
using Ambient.Benchmarks.Subjects;

namespace Ambient.Benchmarks.L4;

/// <summary>Options of <c>bench l4</c> and <c>bench l7</c>.</summary>
internal sealed record L4Options
{
    /// <summary>Runs of each workload and subject.</summary>
    public int Runs { get; init; } = 5;

    /// <summary>Measured window of one run.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Print one JSON object instead of the table.</summary>
    public bool Json { get; init; }

    /// <summary>Where to write the Markdown report, if anywhere.</summary>
    public string? Markdown { get; init; }

    /// <summary>The ztunnel executable to measure.</summary>
    public string ZtunnelPath { get; init; } = "ztunnel";

    /// <summary>The waypoint executable to measure (<c>bench l7</c>).</summary>
    public string WaypointPath { get; init; } = "waypoint";

    private IReadOnlyList<string> Workloads { get; init; } = [];

    private IReadOnlyList<string> Subjects { get; init; } = [];

    /// <summary>Whether a workload was asked for (all, when none is named).</summary>
    public bool Includes(string workload) => Workloads.Count == 0 || Workloads.Contains(workload);

    /// <summary>Whether a subject was asked for: all but the optional ones, when none is named.</summary>
    public bool IncludesSubject(Subject subject) => Subjects.Count == 0 ? !subject.IsOptional : Subjects.Contains(subject.Name);

    /// <summary>Parses the command line; an unknown word is an error that says what is allowed.</summary>
    public static L4Options Parse(IReadOnlyList<string> arguments)
    {
        L4Options options = new();
        for (int i = 0; i < arguments.Count; i++)
        {
            string Value() => ++i < arguments.Count ? arguments[i] : throw new ArgumentException($"{arguments[i - 1]} needs a value");
            options = arguments[i] switch
            {
                "--quick" => options with { Runs = 3, Duration = TimeSpan.FromSeconds(1) },
                "--json" => options with { Json = true },
                "--runs" => options with { Runs = int.Parse(Value(), CultureInfo.InvariantCulture) },
                "--seconds" => options with { Duration = TimeSpan.FromSeconds(double.Parse(Value(), CultureInfo.InvariantCulture)) },
                "--only" => options with { Workloads = Value().Split(',') },
                "--subjects" => options with { Subjects = Value().Split(',') },
                "--markdown" => options with { Markdown = Value() },
                "--ztunnel" => options with { ZtunnelPath = Path.GetFullPath(Value()) },
                "--waypoint" => options with { WaypointPath = Path.GetFullPath(Value()) },
                _ => throw new ArgumentException($"unknown option {arguments[i]}; allowed: --quick --json --runs N --seconds S --only W,W --subjects S,S --markdown FILE --ztunnel PATH --waypoint PATH"),
            };
        }

        return options;
    }
}
