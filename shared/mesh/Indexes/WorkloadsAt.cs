using Ambient.Mesh.Addresses;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Indexes;

/// <summary>Workloads with one address, the best first. Immutable. Not generic, so that the trie's code is compiled for it alone.</summary>
internal readonly record struct WorkloadsAt(IpAddress Address, OneOrMany<Workload> Items);
