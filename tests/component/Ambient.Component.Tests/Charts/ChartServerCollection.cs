using Ambient.Component.Tests.Kubernetes;

namespace Ambient.Component.Tests.Charts;

/// <summary>An API server of their own, for definitions that are installed stay.</summary>
[CollectionDefinition(Name)]
public sealed class ChartServerCollection : ICollectionFixture<ApiServerFixture>
{
    public const string Name = "API server of the charts";
}
