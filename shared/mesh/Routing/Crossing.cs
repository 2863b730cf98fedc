using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Routing;

/// <summary>Where a gateway hands on what has come from another network: bytes of a tunnel that it cannot read. Immutable.</summary>
/// <param name="Dial">Where the inner tunnel ends.</param>
/// <param name="Upstream">Who that is: an endpoint, or an instance of a waypoint.</param>
/// <param name="Intended">The service that was asked for.</param>
public sealed record Crossing(IpPort Dial, Workload Upstream, Service Intended);
