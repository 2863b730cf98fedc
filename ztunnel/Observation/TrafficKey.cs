using Ambient.Mesh.Headers;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;

namespace Ambient.Ztunnel.Observation;

/// <summary>
/// Who talks to whom, by reference: all that the traffic labels and the access log are derived from (ztunnel.md 10.3, 10.4).
/// Workloads and Services compare by reference, so connections between the same objects share everything. Immutable.
/// </summary>
public readonly record struct TrafficKey
{
    /// <summary>Who reports.</summary>
    public required Reporter Reporter { get; init; }

    /// <summary>The source workload, if the view has it.</summary>
    public Workload? Source { get; init; }

    /// <summary>What the peer's header said about the source; used only without <see cref="Source"/>.</summary>
    public Baggage? SourceBaggage { get; init; }

    /// <summary>Outbound over HBONE: own identity. Inbound HBONE: the peer's verified identity. Null for plain TCP.</summary>
    public SpiffeId? SourceIdentity { get; init; }

    /// <summary>The workload that is reached (a waypoint, if it is one), if the view has it.</summary>
    public Workload? Destination { get; init; }

    /// <summary>What the far end's answer said about itself (double HBONE); it wins over <see cref="Destination"/>.</summary>
    public Baggage? DestinationBaggage { get; init; }

    /// <summary>The far end's verified identity, where it is not <see cref="Destination"/>'s (double HBONE).</summary>
    public SpiffeId? DestinationIdentity { get; init; }

    /// <summary>The Service that was meant.</summary>
    public Service? Service { get; init; }

    /// <summary>Whether the connection travels over mutual TLS.</summary>
    public bool IsMutualTls { get; init; }
}
