namespace Ambient.House.Tests.Conformance;

/// <summary>A reference whose behaviours are numbered. Immutable.</summary>
/// <param name="Prefix">What its numbers begin with in traits.</param>
/// <param name="Title">What it describes.</param>
/// <param name="BehavioursFile">Its behaviours.</param>
/// <param name="ReasonsFile">Why some are not covered.</param>
/// <param name="Count">How many there are.</param>
internal sealed record Reference(string Prefix, string Title, string BehavioursFile, string ReasonsFile, int Count)
{
    private const string Folder = "tests/unit/Ambient.House.Tests/Conformance";

    public static IReadOnlyList<Reference> All { get; } =
    [
        new("ZT", "Node proxy", "behaviours.txt", "not-covered.txt", 296),
        new("CNI", "CNI plugin, node agent and redirection", "behaviours-cni.txt", "not-covered-cni.txt", 214),
        new("CP", "Control plane", "behaviours-cp.txt", "not-covered-cp.txt", 280),
        new("WP", "Waypoint", "behaviours-wp.txt", "not-covered-wp.txt", 263),
    ];

    public IReadOnlyList<Behaviour> Behaviours => Behaviour.Read(Repository.Lines($"{Folder}/{BehavioursFile}"));

    public IReadOnlyDictionary<int, string> Reasons => ConformanceReport.Reasons(Repository.Lines($"{Folder}/{ReasonsFile}"));
}
