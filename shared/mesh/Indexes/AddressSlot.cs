using Ambient.Mesh.Addresses;

namespace Ambient.Mesh.Indexes;

/// <summary>Items under one address. Immutable.</summary>
internal readonly record struct AddressSlot<T>(IpAddress Address, OneOrMany<T> Items)
    where T : class;
