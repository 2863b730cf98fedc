using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;

namespace Ambient.Waypoint.Balancing;

/// <summary>Where an endpoint is and how it is reached. Immutable.</summary>
/// <param name="Address">Address and port of the application.</param>
/// <param name="Identity">Who must be there; null for plain TCP.</param>
internal sealed record EndpointKey(IpPort Address, SpiffeId? Identity)
{
    /// <summary>The address as logs show it.</summary>
    public string Text { get; } = Address.ToString();

    /// <summary>By address and identity alone.</summary>
    public bool Equals(EndpointKey? other) => other is not null && Address.Equals(other.Address) && Equals(Identity, other.Identity);

    /// <inheritdoc/>
    public override int GetHashCode() => Address.GetHashCode();
}
