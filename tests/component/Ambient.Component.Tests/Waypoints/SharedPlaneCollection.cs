namespace Ambient.Component.Tests.Waypoints;

/// <summary>Tests that share a control plane, waypoints and a gateway.</summary>
[CollectionDefinition(Name)]
public sealed class SharedPlaneCollection : ICollectionFixture<SharedPlane>
{
    public const string Name = "Shared plane";
}
