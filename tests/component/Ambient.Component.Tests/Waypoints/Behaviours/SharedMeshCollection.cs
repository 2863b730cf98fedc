namespace Ambient.Component.Tests.Waypoints.Behaviours;

/// <summary>The tests that share one mesh, one after the other.</summary>
[CollectionDefinition(SharedMesh.Collection)]
public sealed class SharedMeshCollection : ICollectionFixture<SharedMesh>;
