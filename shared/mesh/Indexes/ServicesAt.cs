using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;

namespace Ambient.Mesh.Indexes;

/// <summary>Services with one address, the first inserted first. Immutable.</summary>
internal readonly record struct ServicesAt(IpAddress Address, OneOrMany<Service> Items);
