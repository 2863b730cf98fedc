using Ambient.Mesh.Addresses;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Routing;

/// <summary>What an inbound decision depends on beside the view. Immutable.</summary>
public readonly record struct InboundQuery
{
    /// <summary>The local workload; null when the view doesn't have it.</summary>
    public required Workload? Local { get; init; }

    /// <summary>By what the local workload is known, for the error text.</summary>
    public LocalWorkload LocalName { get; init; }

    /// <summary>The local address of the tunnel's connection: the pod's address, or that of which it is the waypoint.</summary>
    public required IpAddress Connection { get; init; }

    /// <summary>The CONNECT's authority, as received.</summary>
    public required string Authority { get; init; }

    /// <summary>The host of the <c>forwarded</c> header; picks the Service for metrics only.</summary>
    public string? ForwardedHost { get; init; }

    /// <summary>The proxy's own network.</summary>
    public required string OwnNetwork { get; init; }

    /// <summary>The proxy's own ports; null for <see cref="IllegalPorts.Default"/>.</summary>
    public IllegalPorts? IllegalPorts { get; init; }

    /// <summary>Whether an application that wants PROXY headers is dialled on loopback (<c>LOCALHOST_APP_TUNNEL</c>).</summary>
    public bool LoopbackApplicationTunnel { get; init; }

    /// <summary>As in <see cref="OutboundQuery.AskedResources"/>.</summary>
    public IReadOnlySet<string>? AskedResources { get; init; }
}
