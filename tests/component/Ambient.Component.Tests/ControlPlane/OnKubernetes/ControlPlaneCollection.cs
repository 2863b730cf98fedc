using Ambient.Component.Tests.Kubernetes;

namespace Ambient.Component.Tests.ControlPlane.OnKubernetes;

/// <summary>Tests of the control plane that share an API server of their own: they define kinds that other tests want to be absent.</summary>
[CollectionDefinition(Name)]
public sealed class ControlPlaneCollection : ICollectionFixture<ApiServerFixture>
{
    public const string Name = "Control plane on an API server";
}
