using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Routing;

/// <summary>A workload and the port at which it is reached. Immutable.</summary>
/// <param name="Workload">The workload.</param>
/// <param name="Port">Its target port.</param>
/// <param name="Service">The Service by which it was chosen; null when it was addressed itself.</param>
internal readonly record struct UpstreamChoice(Workload Workload, ushort Port, Service? Service);
