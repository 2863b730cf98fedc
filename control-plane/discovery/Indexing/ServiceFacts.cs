using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Indexing;

/// <summary>A service of any origin under one host name. Immutable.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">The name of its object.</param>
/// <param name="Hostname">Its host name.</param>
/// <param name="IsEntry">Whether the object is a ServiceEntry.</param>
/// <param name="Ports">Its ports.</param>
/// <param name="Waypoints">The Gateways whose waypoints serve it: the first, and the second that it tries.</param>
public sealed record ServiceFacts(string Namespace, string Name, string Hostname, bool IsEntry, IReadOnlyList<PortFacts> Ports, IReadOnlyList<ResourceKey> Waypoints);
