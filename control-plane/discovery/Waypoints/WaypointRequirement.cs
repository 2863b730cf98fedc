namespace Ambient.ControlPlane.Discovery.Waypoints;

/// <summary>What a service that has waypoints, or insists on one out of sight, asks of its endpoints. Immutable.</summary>
/// <param name="IsRequired">Whether whoever is not one of the waypoints is refused.</param>
/// <param name="Principals">The waypoints' principals, in order; none where nobody can come through them.</param>
internal sealed record WaypointRequirement(bool IsRequired, IReadOnlyList<string> Principals)
{
    /// <summary>By content.</summary>
    public bool Equals(WaypointRequirement? other) => other is not null && IsRequired == other.IsRequired && Principals.SequenceEqual(other.Principals, StringComparer.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(IsRequired, Principals.Count);
}
