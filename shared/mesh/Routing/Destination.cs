using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Routing;

/// <summary>Where an outbound connection goes: <see cref="Tunnel"/>, <see cref="NestedTunnel"/>, <see cref="Direct"/>, <see cref="NeedsName"/>, <see cref="NeedsResource"/> or <see cref="Refused"/>. Immutable.</summary>
public abstract record Destination
{
    private protected Destination()
    {
    }

    /// <summary>The workload that is dialled, if it is known; for metrics.</summary>
    public Workload? Upstream { get; init; }

    /// <summary>The Service that the application meant, if any; for metrics, the <c>forwarded</c> header and <c>dst.service</c>.</summary>
    public Service? Intended { get; init; }
}
