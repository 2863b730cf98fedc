namespace Ambient.Mesh.Addresses;

/// <summary>A range of addresses on a named network. Immutable.</summary>
/// <param name="Network">The network's name, empty by default.</param>
/// <param name="Prefix">The range.</param>
public readonly record struct NetworkPrefix(string Network, IpPrefix Prefix)
{
    /// <summary><c>network/address/length</c>.</summary>
    public override string ToString() => $"{Network}/{Prefix}";
}
