using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;

namespace Ambient.Mesh.Routing;

/// <summary>May be served, if the policies agree. Immutable.</summary>
/// <param name="Connect">Where the application is dialled.</param>
/// <param name="PolicyDestination">What policies are asked about: the pod's address and the final port.</param>
/// <param name="FromLoopback">Whether to dial from the loopback address of the same family instead of the peer's.</param>
/// <param name="ProxyHeaderDestination">The destination of the PROXY header; null when the application wants none.</param>
/// <param name="Service">The Service that was meant, for metrics; null when none fits.</param>
public sealed record InboundAccept(IpPort Connect, IpPort PolicyDestination, bool FromLoopback, IpPort? ProxyHeaderDestination, Service? Service) : InboundTarget;
