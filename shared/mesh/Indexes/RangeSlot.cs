using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;

namespace Ambient.Mesh.Indexes;

/// <summary>Services with one address range. Immutable.</summary>
internal readonly record struct RangeSlot(IpPrefix Range, OneOrMany<Service> Services);
