namespace Ambient.Cli.Dumps;

/// <summary>Which part of a dump is meant; what is null does not choose. Immutable.</summary>
/// <param name="Namespace">Namespace of the object.</param>
/// <param name="Name">A part of its name.</param>
/// <param name="Node">Node of a workload.</param>
/// <param name="Address">An address of a workload.</param>
internal sealed record DumpFilter(string? Namespace = null, string? Name = null, string? Node = null, string? Address = null)
{
    /// <summary>Everything.</summary>
    public static DumpFilter All { get; } = new();

    /// <summary>Whether the namespace is meant.</summary>
    public bool IsNamespace(string name) => Namespace is null || Namespace == name;

    /// <summary>Whether the name is meant.</summary>
    public bool IsName(string name) => Name is null || name.Contains(Name, StringComparison.Ordinal);

    /// <summary>Whether the node is meant.</summary>
    public bool IsNode(string name) => Node is null || Node == name;

    /// <summary>Whether one of the addresses is meant.</summary>
    public bool IsAddress(IEnumerable<string> addresses) => Address is null || addresses.Contains(Address, StringComparer.Ordinal);
}
