using Ambient.Mesh.Addresses;

namespace Ambient.Waypoint.Balancing;

/// <summary>A workload that a client dialled by its own address. Immutable.</summary>
/// <param name="Uid">Whose address it was at that time: another that gets it later is not meant.</param>
/// <param name="Address">Address and port.</param>
internal sealed record DialledWorkload(string Uid, IpPort Address);
