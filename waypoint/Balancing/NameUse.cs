using Ambient.Mesh.Addresses;
using Ambient.Waypoint.Names;

namespace Ambient.Waypoint.Balancing;

/// <summary>A name and the addresses of it that endpoints were made of. Immutable.</summary>
/// <param name="Name">The name.</param>
/// <param name="IsInOrder">Whether their order counts.</param>
/// <param name="Seen">The addresses; null when nothing was known.</param>
internal readonly record struct NameUse(ResolvedName Name, bool IsInOrder, IpAddress[]? Seen)
{
    /// <summary>What it leads to now.</summary>
    public IpAddress[]? Now => IsInOrder ? Name.Answer?.InOrder : Name.Answer?.Addresses;

    /// <summary>Whether endpoints are to be made anew; the names stay in use by that.</summary>
    public static bool IsAnyStale(NameUse[] uses)
    {
        bool isStale = false;
        foreach (NameUse use in uses)
        {
            use.Name.Touch();
            isStale |= use.Name.IsDropped || !ReferenceEquals(use.Now, use.Seen);
        }

        return isStale;
    }
}
