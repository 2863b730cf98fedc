using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Routing;

/// <summary>One gateway to another network. Immutable.</summary>
/// <param name="Dial">Where it takes tunnels.</param>
/// <param name="Workload">Who it is.</param>
/// <param name="Identities">One of these it must show.</param>
public sealed record GatewayInstance(IpPort Dial, Workload Workload, IdentitySet Identities);
