namespace Ambient.Mesh.Indexes;

/// <summary>Items under one name. Immutable.</summary>
internal readonly record struct NamedSlot<T>(string Name, OneOrMany<T> Items)
    where T : class;
