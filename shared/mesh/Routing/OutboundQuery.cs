using Ambient.Mesh.Addresses;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Routing;

/// <summary>What an outbound decision depends on beside the view. Immutable.</summary>
public readonly record struct OutboundQuery
{
    /// <summary>The local workload; null when the view doesn't have it (after the wait of ztunnel.md 3.1).</summary>
    public required Workload? Source { get; init; }

    /// <summary>By what the local workload is known, for the error text.</summary>
    public LocalWorkload Local { get; init; }

    /// <summary>The address of the application's socket.</summary>
    public required IpAddress SourceAddress { get; init; }

    /// <summary>The address and port that the application dialled.</summary>
    public required IpPort Target { get; init; }

    /// <summary>The proxy's own network.</summary>
    public required string OwnNetwork { get; init; }

    /// <summary>The proxy's own ports; null for <see cref="IllegalPorts.Default"/>.</summary>
    public IllegalPorts? IllegalPorts { get; init; }

    /// <summary>The dice; null for the shared ones.</summary>
    public Random? Random { get; init; }

    /// <summary>Uids of workloads that a Service or waypoint is not balanced to, because they just failed this connection; null for none.</summary>
    public IReadOnlySet<string>? Avoided { get; init; }

    /// <summary>
    /// Null when the control plane sends everything. Otherwise the resource names that were already asked for: the resolver
    /// answers <see cref="NeedsResource"/> for one that is missing, and the caller asks again once it was answered.
    /// </summary>
    public IReadOnlySet<string>? AskedResources { get; init; }
}
