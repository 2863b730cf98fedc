using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Routing.Tests.Statuses;

/// <summary>Kinds that have no effect here: each object says so, and what to use instead.</summary>
public sealed class UnsupportedKindTests
{
    private readonly RoutedCluster _cluster = new();

    [Theory]
    [InlineData("EnvoyFilter", "LocalRateLimit (ambient.mesh) for rate limits")]
    [InlineData("WasmPlugin", "action CUSTOM")]
    [InlineData("TrafficExtension", "action CUSTOM")]
    public void AnObject_SaysThatItHasNoEffect_AndWhatDoes(string kind, string instead)
    {
        _cluster.Set(kind, "apps/x", "},'spec':{'priority':10,'targetRefs':[{'group':'','kind':'Service','name':'cart'}]}");
        _cluster.Take();
        Condition said = Assert.Single(_cluster.Statuses[$"{kind} apps/x"].Wanted);
        Assert.Equal(("Reconciled", "False", "UnsupportedValue"), (said.Type, said.Status, said.Reason));
        Assert.EndsWith(instead, said.Message.Replace(" by a service of your own", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(said.Message, Assert.Single(_cluster.Said));
        Assert.Equal((kind, "x"), (_cluster.Waypoints.Problems.Single().Kind, _cluster.Waypoints.Problems.Single().Name));

        // Another version is no news, another revision's is none of ours, and what is gone is not spoken of.
        _cluster.Set(kind, "apps/x", "},'spec':{'priority':11}");
        _cluster.Set(kind, "apps/theirs", ",'labels':{'istio.io/rev':'other'}},'spec':{}");
        _cluster.Take();
        Assert.Single(_cluster.Said);
        Assert.DoesNotContain($"{kind} apps/theirs", _cluster.Statuses.Keys);
        _cluster.Set(kind, "apps/x", null);
        _cluster.Take();
        Assert.Empty(_cluster.Waypoints.Problems);
        Assert.Empty(_cluster.Waypoints.Judged);
    }

    [Fact]
    public void APolicyOfTheGatewayApi_SaysItForEachTarget()
    {
        _cluster.Set("XBackendTrafficPolicy", "apps/x", "},'spec':{'targetRefs':[{'group':'','kind':'Service','name':'cart'},{'group':'','kind':'Service','name':'pay'}],'retryConstraint':{}}");
        _cluster.Take();
        Assert.Equal(
            ["cart istio.io/mesh-controller Accepted=False/UnsupportedValue", "pay istio.io/mesh-controller Accepted=False/UnsupportedValue"],
            _cluster.Statuses["XBackendTrafficPolicy apps/x"].Parents!.Select(static said => $"{said.Parent.Name} {said.Controller} {said.Wanted![0].Type}={said.Wanted[0].Status}/{said.Wanted[0].Reason}"));
    }
}
