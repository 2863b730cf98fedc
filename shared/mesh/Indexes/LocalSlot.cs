using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Indexes;

/// <summary>Workloads of the own node with one name, namespace and account. Immutable.</summary>
internal readonly record struct LocalSlot(LocalWorkload Key, OneOrMany<Workload> Workloads);
