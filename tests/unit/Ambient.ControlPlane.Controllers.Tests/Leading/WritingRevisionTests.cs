using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Controllers.Leading;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;

namespace Ambient.ControlPlane.Controllers.Tests.Leading;

/// <summary>Which revision writes what, and that there is always just one.</summary>
public sealed class WritingRevisionTests
{
    private static readonly string[] Revisions = ["default", "canary", "old"];

    [Theory]
    [InlineData("", "", "default")]
    [InlineData("canary", "", "canary")]
    [InlineData("", "canary", "canary")]
    [InlineData("default", "canary", "default")]
    [InlineData("old", "canary", "old")]
    [Trait("behaviour", "WP-19")]
    public void AGateway_IsWrittenByOne(string own, string ofNamespace, string expected)
    {
        var view = new ClusterView();
        view.Set(KnownResources.Namespaces, new ResourceKey("", "shop"), Make.Of(KnownResources.Namespaces, $"{{'metadata':{{'name':'shop'{Labels(ofNamespace)}}}}}"));
        Gateway gateway = Make.Of(KnownResources.Gateways, $"{{'metadata':{{'name':'w','namespace':'shop'{Labels(own)}}},'spec':{{'gatewayClassName':'istio-waypoint'}}}}");
        Assert.Equal([expected], Revisions.Where(name => new WritingRevision(name).Writes(gateway, view)));

        // Of all else a namespace's label says nothing: it is there for other things as well.
        Assert.Equal([own.Length > 0 ? own : "default"], Revisions.Where(name => new WritingRevision(name).Writes(gateway)));
    }

    [Fact]
    public void LeasesAreApart_AndTheDefaultsIsWhatItWas()
    {
        Assert.Equal("ambientd-leader", WritingRevision.Default.LeaseName);
        Assert.Equal("ambientd-leader", new WritingRevision("").LeaseName);
        Assert.Equal("ambientd-leader-canary", new WritingRevision("canary").LeaseName);
        Assert.Equal(["default"], Revisions.Where(static name => new WritingRevision(name).Writes(null)));
    }

    private static string Labels(string revision) => revision.Length == 0 ? "" : $",'labels':{{'istio.io/rev':'{revision}'}}";
}
