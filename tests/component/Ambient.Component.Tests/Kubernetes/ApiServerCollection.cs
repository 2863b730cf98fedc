namespace Ambient.Component.Tests.Kubernetes;

/// <summary>Tests that share an API server.</summary>
[CollectionDefinition(Name)]
public sealed class ApiServerCollection : ICollectionFixture<ApiServerFixture>
{
    public const string Name = "API server";
}
