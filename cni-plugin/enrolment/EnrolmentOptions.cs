using Ambient.Cni.Enrolment.Selectors;

namespace Ambient.Cni.Enrolment;

/// <summary>The mesh's part in the decision (cni-and-redirection.md 1.1 and 1.2). Immutable.</summary>
public sealed record EnrolmentOptions
{
    /// <summary>Pairs of selectors; a pod that matches any is enrolled. An empty list enrols nothing.</summary>
    public IReadOnlyList<EnablementSelector> Selectors { get; init; } = EnablementSelector.Defaults;

    /// <summary>Namespaces that the mesh leaves alone.</summary>
    public IReadOnlyCollection<string> ExcludedNamespaces { get; init; } = [];

    /// <summary>Where ztunnel runs; its pods (label <c>app=ztunnel</c>) are never enrolled. Empty: no such rule.</summary>
    public string SystemNamespace { get; init; } = "istio-system";

    /// <summary>Where the node agent runs. Empty: no pod counts as the agent's own.</summary>
    public string AgentNamespace { get; init; } = "";

    /// <summary>How names of the agent's pods begin.</summary>
    public IReadOnlyList<string> AgentPodPrefixes { get; init; } = OwnPods.DefaultPrefixes;

    /// <summary>Reads a comma list of namespaces: entries are trimmed, empty ones and doubles dropped.</summary>
    public static IReadOnlyList<string> ParseNamespaces(string? list) =>
        [.. (list ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)];
}
