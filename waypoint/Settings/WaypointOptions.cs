using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Ambient.Mesh.Identities;

namespace Ambient.Waypoint.Settings;

/// <summary>What the environment says. Immutable.</summary>
internal sealed record WaypointOptions
{
    /// <summary>Who this waypoint is.</summary>
    public required SpiffeId Identity { get; init; }

    /// <summary>The file with the configuration.</summary>
    public required string ConfigurationPath { get; init; }

    /// <summary>The directory of the test authority.</summary>
    public required string AuthorityDirectory { get; init; }

    /// <summary>The name of the own network; empty for the only one.</summary>
    public string Network { get; init; } = "";

    /// <summary>Event loops.</summary>
    public int Threads { get; init; } = Math.Max(2, Environment.ProcessorCount);

    /// <summary>How long connections may go on after a signal.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>How long the first bytes of a connection are waited for before it counts as TCP.</summary>
    public TimeSpan DetectionTime { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Reads the environment; false with every error, each naming its variable.</summary>
    public static bool TryParse(IReadOnlyDictionary<string, string> environment, [NotNullWhen(true)] out WaypointOptions? options, out IReadOnlyList<string> errors)
    {
        List<string> problems = [];
        string Required(string name)
        {
            if (environment.TryGetValue(name, out string? value) && value.Length > 0)
            {
                return value;
            }

            problems.Add($"{name} is not set");
            return "";
        }

        int Number(string name, int usual, int least)
        {
            if (!environment.TryGetValue(name, out string? text))
            {
                return usual;
            }

            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least)
            {
                return number;
            }

            problems.Add($"{name} must be a whole number from {least}, not '{text}'");
            return usual;
        }

        string @namespace = Required("POD_NAMESPACE");
        string account = Required("SERVICE_ACCOUNT");
        string domain = environment.GetValueOrDefault("TRUST_DOMAIN") is { Length: > 0 } given ? given : "cluster.local";
        WaypointOptions parsed = new()
        {
            Identity = new SpiffeId(domain, @namespace, account),
            ConfigurationPath = Required("WAYPOINT_CONFIG_FILE"),
            AuthorityDirectory = Required("FAKE_CA_DIRECTORY"),
            Network = environment.GetValueOrDefault("NETWORK") ?? "",
            Threads = Number("WAYPOINT_THREADS", Math.Max(2, Environment.ProcessorCount), 1),
            DrainTime = TimeSpan.FromSeconds(Number("TERMINATION_DRAIN_SECONDS", 45, 0)),
            DetectionTime = TimeSpan.FromMilliseconds(Number("PROTOCOL_DETECTION_MILLISECONDS", 100, 1)),
        };
        errors = problems;
        options = problems.Count == 0 ? parsed : null;
        return options is not null;
    }
}
