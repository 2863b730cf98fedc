namespace Ambient.Cluster.Tests;

/// <summary>One cluster with the mesh installed serves all tests, one after the other.</summary>
[CollectionDefinition("mesh")]
public sealed class MeshCollection : ICollectionFixture<MeshFixture>;
