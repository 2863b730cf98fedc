using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Indexes;

/// <summary>A Service's place: the Service, if it is known, and all workloads that name it, healthy or not. Without a Service these are the staged endpoints. Immutable.</summary>
internal sealed record ServiceSlot(NamespacedHostname Key, Service? Service, Workload[] Naming);
