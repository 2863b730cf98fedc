namespace Ambient.Topology.Processes;

/// <summary>A program to be kept running. Immutable.</summary>
/// <param name="Name">For messages and for the name of its log file.</param>
/// <param name="Program">A path, or a name that is looked up.</param>
/// <param name="Arguments">Passed as they are; no shell reads them.</param>
public sealed record ProcessPlan(string Name, string Program, params IReadOnlyList<string> Arguments)
{
    /// <summary>The namespace it runs in; null is the machine's own network.</summary>
    public string? NamespaceName { get; init; }

    /// <summary>Added to the inherited environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Where its standard output and error go (appended).</summary>
    public required string LogPath { get; init; }

    /// <summary>The account it runs as; null is the caller's.</summary>
    public string? User { get; init; }
}
