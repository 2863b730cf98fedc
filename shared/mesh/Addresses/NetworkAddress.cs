namespace Ambient.Mesh.Addresses;

/// <summary>An address on a named network; clusters on different networks may use the same addresses. Immutable.</summary>
/// <param name="Network">The network's name, empty by default.</param>
/// <param name="Address">The address.</param>
public readonly record struct NetworkAddress(string Network, IpAddress Address)
{
    /// <summary>Reads <c>network/address</c>; the network may be empty.</summary>
    public static bool TryParse(string text, out NetworkAddress value)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IpAddress.TryParse(text.AsSpan(slash + 1), out IpAddress address))
        {
            value = default;
            return false;
        }

        value = new NetworkAddress(text[..slash], address);
        return true;
    }

    /// <summary><c>network/address</c>.</summary>
    public override string ToString() => $"{Network}/{Address}";
}
