namespace Ambient.ControlPlane.Discovery.Indexing;

/// <summary>A port of a service. Immutable.</summary>
/// <param name="Number">The service's port.</param>
/// <param name="Name">Its name.</param>
/// <param name="Declared">What it is said to speak: appProtocol, else the name; of a ServiceEntry the protocol.</param>
public sealed record PortFacts(ushort Number, string Name, string Declared);
