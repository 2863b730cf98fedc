using Ambient.Mesh.Addresses;

namespace Ambient.Mesh.Workloads;

/// <summary>What few workloads need: more than one address, or a uid that doesn't end with the name. Immutable.</summary>
internal sealed record WorkloadExtra(IpAddress[] MoreAddresses, string? Uid);
