namespace Ambient.Rig.Nodes;

/// <summary>What a node is made with. Immutable.</summary>
public sealed record NodePlan
{
    /// <summary>Archives that the runtime has before the first pod; the rig's own, with the pause program, is always there.</summary>
    public IReadOnlyList<string> Images { get; init; } = [];

    /// <summary>Further CNI plugins: the name and the program it leads to.</summary>
    public IReadOnlyDictionary<string, string> Plugins { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Further entries of the CNI list, as JSON.</summary>
    public IReadOnlyList<string> Chain { get; init; } = [];

    /// <summary>Further files of the node's folder: path and text.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Further services: name and the line that a shell runs.</summary>
    public IReadOnlyDictionary<string, string> Services { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
