using Ambient.Mesh.Identities;
using Ambient.Mesh.Services;

namespace Ambient.Mesh.Workloads;

/// <summary>
/// What the pods of one Deployment have in common: a flyweight, one object for all of them. Immutable once shared; only
/// the pool that shares it replaces parts by equal ones before.
/// </summary>
internal sealed class WorkloadKind : IEquatable<WorkloadKind>
{
    internal required string UidPrefix { get; set; }

    /// <summary>The name up to its last dash; what follows differs between the pods of a Deployment.</summary>
    internal required string NamePrefix { get; set; }

    internal required string Namespace { get; set; }

    internal required string Network { get; set; }

    internal required string WorkloadName { get; set; }

    internal required string CanonicalName { get; set; }

    internal required string CanonicalRevision { get; set; }

    internal required string ClusterId { get; set; }

    internal required string Hostname { get; set; }

    internal required SpiffeId Identity { get; set; }

    internal required GatewayAddress? Waypoint { get; set; }

    internal required GatewayAddress? NetworkGateway { get; set; }

    internal required ApplicationTunnel? ApplicationTunnel { get; init; }

    internal required string[] AuthorizationPolicies { get; init; }

    internal required ServiceMembership[] Services { get; init; }

    internal required uint Capacity { get; init; }

    internal required TunnelProtocol Protocol { get; init; }

    internal required WorkloadType Type { get; init; }

    internal required WorkloadStatus Status { get; init; }

    internal required NetworkMode NetworkMode { get; init; }

    internal required bool NativeTunnel { get; init; }

    public bool Equals(WorkloadKind? other) =>
        other is not null
        && UidPrefix == other.UidPrefix && NamePrefix == other.NamePrefix && Namespace == other.Namespace && Network == other.Network && WorkloadName == other.WorkloadName
        && CanonicalName == other.CanonicalName && CanonicalRevision == other.CanonicalRevision && ClusterId == other.ClusterId
        && Hostname == other.Hostname && Identity.Equals(other.Identity) && Equals(Waypoint, other.Waypoint)
        && Equals(NetworkGateway, other.NetworkGateway) && Equals(ApplicationTunnel, other.ApplicationTunnel)
        && Capacity == other.Capacity && Protocol == other.Protocol && Type == other.Type && Status == other.Status
        && NetworkMode == other.NetworkMode && NativeTunnel == other.NativeTunnel
        && AuthorizationPolicies.AsSpan().SequenceEqual(other.AuthorizationPolicies) && Services.AsSpan().SequenceEqual(other.Services);

    public override bool Equals(object? obj) => Equals(obj as WorkloadKind);

    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.Add(Namespace);
        hash.Add(WorkloadName);
        hash.Add(CanonicalRevision);
        hash.Add(Identity);
        hash.Add(UidPrefix);
        hash.Add(NamePrefix);
        hash.Add(Hostname);
        hash.Add(Services.Length);
        if (Services.Length > 0)
        {
            hash.Add(Services[0]);
        }

        return hash.ToHashCode();
    }
}
