namespace Ambient.Mesh.Workloads;

/// <summary>What the pods of one node have in common: a flyweight. Immutable.</summary>
internal sealed record Placement(string Node, Locality Locality);
