using Ambient.Protocol.Istio.Workload;

namespace Ambient.ControlPlane.Discovery.Services;

/// <summary>A port of a service as its workloads need it. Immutable.</summary>
/// <param name="Number">The service's own port.</param>
/// <param name="Name">Its name.</param>
/// <param name="Target">The workloads' port; 0: found by <paramref name="TargetName"/>.</param>
/// <param name="TargetName">The name of the workloads' port; null when the number is given.</param>
/// <param name="Protocol">What it speaks.</param>
/// <param name="Declared">What it is said to speak: appProtocol, else the name; of a ServiceEntry the protocol.</param>
internal sealed record ServicePortView(uint Number, string Name, uint Target, string? TargetName, AppProtocol Protocol, string Declared);
