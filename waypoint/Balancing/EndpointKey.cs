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

    /// <summary>The waypoint that is asked for it, where it takes HBONE; null: it is reached itself. Then <see cref="Address"/> is the service's, and <see cref="Identity"/> the waypoint's.</summary>
    public IpPort? Via { get; init; }

    /// <summary>What is asked for on another network; null: it is on ours. Then <see cref="Address"/> and <see cref="Identity"/> are the gateway's, where it takes HBONE.</summary>
    public FarSide? Far { get; init; }

    /// <summary>Further addresses of the same endpoint: whichever answers first is used.</summary>
    public IpPort[] Others { get; init; } = [];

    /// <summary>By addresses, identity and way alone.</summary>
    public bool Equals(EndpointKey? other) => other is not null && Address.Equals(other.Address) && Equals(Identity, other.Identity) && Nullable.Equals(Via, other.Via)
        && Equals(Far, other.Far) && Others.AsSpan().SequenceEqual(other.Others);

    /// <inheritdoc/>
    public override int GetHashCode() => Address.GetHashCode();
}
