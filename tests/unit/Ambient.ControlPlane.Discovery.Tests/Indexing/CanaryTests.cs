using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Resources;
using Ambient.Protocol.Istio.Workload;

namespace Ambient.ControlPlane.Discovery.Tests.Indexing;

/// <summary>A second waypoint that gets a part of a service's traffic.</summary>
public sealed class CanaryTests
{
    private const string Name = "ns1/s.ns1.svc.company.com";
    private const string Both = """{"istio.io/use-waypoint":"wp","istio.io/use-waypoint-canary":"new"}""";
    private const string WeightKey = "istio.io/use-waypoint-canary-weight";
    private readonly Cluster _cluster = new();

    public CanaryTests() => _cluster.Gateway("wp", "10.9.9.9");

    [Fact]
    [Trait("behaviour", "CP-62")]
    [Trait("behaviour", "CP-63")]
    [Trait("behaviour", "CP-120")]
    [Trait("behaviour", "CP-122")]
    public void Canary_TakesItsPart_OnceItIsReady()
    {
        _cluster.Service("s", "{}");
        _cluster.Events();
        Assert.Empty(_cluster.Index.OwnersOf(Name));
        _cluster.Service("s", "{}", Both, Weight("20"));
        Assert.Equal("", Parts());
        Assert.Equal([Key("wp")], _cluster.Index.OwnersOf(Name));

        _cluster.Gateway("new", "10.9.9.8");
        Assert.Equal("+" + Name, _cluster.Events());
        Assert.Equal("9:80 8:20", Parts());
        Assert.Equal(9, _cluster.Service(Name).Waypoint.Address.Address[3]);
        Assert.Equal([Key("wp"), Key("new")], _cluster.Index.OwnersOf(Name));

        _cluster.Service("s", "{}", Both, Weight("100"));
        Assert.Equal("+" + Name, _cluster.Events());
        Assert.Equal("9:0 8:100", Parts());
        _cluster.NoGateway("new");
        Assert.Equal("", Parts());
        _cluster.NoService("s");
        _cluster.Events();
        Assert.Empty(_cluster.Index.OwnersOf(Name));
    }

    [Theory]
    [Trait("behaviour", "CP-119")]
    [InlineData(null, "0")]
    [InlineData("0", "0")]
    [InlineData("42", "42")]
    [InlineData("100", "100")]
    [InlineData("abc", null)]
    [InlineData("-1", null)]
    [InlineData("101", null)]
    public void Weight_IsANumberUpToAHundred_OrTheCanaryDoesNotCount(string? weight, string? expected)
    {
        _cluster.Gateway("new", "10.9.9.8");
        _cluster.Service("s", "{}", Both, Weight(weight));
        Assert.Equal(expected is null ? "" : $"9:{100 - int.Parse(expected, System.Globalization.CultureInfo.InvariantCulture)} 8:{expected}", Parts());

        // The same by the namespace; what the service says itself counts first.
        _cluster.Service("s", "{}", Both);
        _cluster.Namespace("ns1", "{}", Weight(weight));
        Assert.Equal(expected is null ? "" : $"9:{100 - int.Parse(expected, System.Globalization.CultureInfo.InvariantCulture)} 8:{expected}", Parts());
        _cluster.Service("s", "{}", Both, Weight("7"));
        Assert.Equal("9:93 8:7", Parts());
    }

    [Theory]
    [Trait("behaviour", "CP-118")]
    [InlineData("", "", "")]
    [InlineData("""
        ,"istio.io/use-waypoint-canary":""
        """, "", "")]
    [InlineData("""
        ,"istio.io/use-waypoint-canary":"none"
        """, """
        ,"istio.io/use-waypoint-canary":"new"
        """, "")]
    [InlineData("""
        ,"istio.io/use-waypoint-canary":"new"
        """, "", "9:100 8:0")]
    [InlineData("""
        ,"istio.io/use-waypoint-canary":"new","istio.io/use-waypoint-canary-namespace":"infra"
        """, "", "9:100 7:0")]
    [InlineData("", """
        ,"istio.io/use-waypoint-canary":"new","istio.io/use-waypoint-canary-namespace":"infra"
        """, "9:100 7:0")]
    [InlineData("""
        ,"istio.io/use-waypoint-canary":"new"
        """, """
        ,"istio.io/use-waypoint-canary":"new","istio.io/use-waypoint-canary-namespace":"infra"
        """, "9:100 8:0")]
    public void Label_OfTheService_CountsBeforeItsNamespaces(string own, string ofNamespace, string expected)
    {
        _cluster.Gateway("new", "10.9.9.8");
        _cluster.Gateway("new", "10.9.9.7", ns: "infra", spec: """{"listeners":[{"port":15008,"protocol":"HBONE","allowedRoutes":{"namespaces":{"from":"All"}}}]}""");
        _cluster.Namespace("ns1", $$"""{"x":"y"{{ofNamespace}}}""");
        _cluster.Service("s", "{}", $$"""{"istio.io/use-waypoint":"wp"{{own}}}""");

        Assert.Equal(expected, Parts());
    }

    [Theory]
    [InlineData("wp", "1", "CanarySameAsPrimary")]
    [InlineData("new", "x", "CanaryInvalidWeight")]
    [InlineData("missing", "1", "WaypointIsNotReady")]
    [InlineData("workloads", "1", "UnsupportedTrafficType")]
    public void CanaryThatDoesNotCount_IsANote_AndTheServiceStaysBound(string canary, string weight, string reason)
    {
        _cluster.Gateway("new", "10.9.9.8");
        _cluster.Gateway("workloads", "10.9.9.7", """{"istio.io/waypoint-for":"workload"}""");
        _cluster.Service("s", "{}", $$"""{"istio.io/use-waypoint":"wp","istio.io/use-waypoint-canary":"{{canary}}"}""", Weight(weight));

        Assert.Equal("", Parts());
        Condition bound = _cluster.Index.TakeConditions().Single(each => each.Key.Name == "s").Wanted.Single(condition => condition.Type == ConditionTypes.WaypointBound);
        Assert.Equal(("True", "WaypointAccepted"), (bound.Status, bound.Reason));
        Assert.Contains(reason, bound.Message, StringComparison.Ordinal);
    }

    private static string Weight(string? weight) => weight is null ? "{}" : $$"""{"{{WeightKey}}":"{{weight}}"}""";

    private static ResourceKey Key(string gateway) => new("ns1", gateway);

    private string Parts()
    {
        Service service = _cluster.Service(Name);
        return string.Join(' ', service.WeightedWaypoints.Select(static part => $"{part.Destination.Address.Address[3]}:{part.Weight}"));
    }
}
