using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Resources;
using Scope = Ambient.Protocol.Istio.Workload.Service.Types.Visibility;

namespace Ambient.ControlPlane.Discovery.Tests.Indexing;

/// <summary>Who may see the hosts of ServiceEntries (control-plane reference 2.6).</summary>
public sealed class VisibilityTests
{
    private const string Spec = """{"hosts":["foo.com"],"addresses":["9.9.9.9"],"resolution":"STATIC","ports":[{"number":80,"name":"http","protocol":"HTTP"}],"endpoints":[{"address":"1.0.0.1"}]}""";
    private readonly Cluster _cluster = new();
    private readonly Dictionary<string, IReadOnlyList<Condition>> _said = new(StringComparer.Ordinal);

    public VisibilityTests()
    {
        _cluster.Namespace("team-a", """{"team":"a","kubernetes.io/metadata.name":"team-a"}""");
        _cluster.Namespace("team-b", """{"team":"b","kubernetes.io/metadata.name":"team-b"}""");
    }

    [Fact]
    [Trait("behaviour", "CP-82")]
    [Trait("behaviour", "CP-94")]
    public void ANamespacesEntries_MayBeItsOwn_AndAreThenCanonicalForNobody()
    {
        Set("policies:", "- visibility: NAMESPACE", "  matchingRules: [{namespaceSelector: {matchLabels: {team: a}}}]");
        _cluster.ServiceEntry("e", Spec, ns: "team-a");
        _cluster.ServiceEntry("e", Spec, ns: "team-b");
        _cluster.Events();
        Assert.Equal((Scope.Namespace, false), Seen("team-a"));
        Assert.Equal((Scope.Public, true), Seen("team-b"));

        Set("defaultVisibility: NAMESPACE");
        _cluster.Events();
        Assert.Equal((Scope.Namespace, false), Seen("team-b"));
        Assert.Equal(["testnetwork/9.9.9.9"], _cluster.Content("team-b/foo.com").Aliases);
    }

    [Fact]
    [Trait("behaviour", "CP-83")]
    public void NobodysEntries_AreNotPublished()
    {
        _cluster.ServiceEntry("e", Spec, ns: "team-a");
        Assert.Contains("+team-a/foo.com", _cluster.Events(), StringComparison.Ordinal);
        Set("defaultVisibility: NONE");
        Assert.Equal("-cluster0/networking.istio.io/ServiceEntry/team-a/e/1.0.0.1 -team-a/foo.com", _cluster.Events());
        _cluster.Index.SetVisibility(null);
        Assert.Equal("+cluster0/networking.istio.io/ServiceEntry/team-a/e/1.0.0.1 +team-a/foo.com", _cluster.Events());
    }

    [Fact]
    [Trait("behaviour", "CP-84")]
    [Trait("behaviour", "CP-85")]
    [Trait("behaviour", "CP-86")]
    public void TheFirstPolicyThatMatches_Decides_ElseTheDefault()
    {
        _cluster.ServiceEntry("e", Spec, ns: "team-a");
        Set("defaultVisibility: NAMESPACE", "policies:", "- visibility: PUBLIC", "  matchingRules: [{namespaceSelector: {matchLabels: {team: b}}}]");
        _cluster.Events();
        Assert.Equal(Scope.Namespace, Seen("team-a").Visibility);
        Set("policies:", "- visibility: NAMESPACE", "  matchingRules: [{namespaceSelector: {matchExpressions: [{key: team, operator: In, values: [a, c]}]}}]", "- visibility: NONE");
        _cluster.Events();
        Assert.Equal(Scope.Namespace, Seen("team-a").Visibility);
        foreach (string everything in new[] { "[{namespaceSelector: {}}]", "[]", "[{}]" })
        {
            Set("policies:", "- visibility: NAMESPACE", "  matchingRules: " + everything, "- visibility: PUBLIC");
            _cluster.Events();
            Assert.Equal(Scope.Namespace, Seen("team-a").Visibility);
        }

        Set("policies:", "- visibility: NAMESPACE", "  matchingRules: [{namespaceSelector: {matchLabels: {team: a}}}, {namespaceSelector: {matchLabels: {gone: x}}}]");
        _cluster.Events();
        Assert.Equal(Scope.Public, Seen("team-a").Visibility);
        _cluster.Namespace("team-a", """{"team":"a","gone":"x"}""");
        _cluster.Events();
        Assert.Equal(Scope.Namespace, Seen("team-a").Visibility);
    }

    [Fact]
    [Trait("behaviour", "CP-87")]
    [Trait("behaviour", "CP-88")]
    public void AWaypointElsewhere_IsForbiddenToWhatOnlyItsNamespaceSees()
    {
        const string Everybody = """{"gatewayClassName":"istio-waypoint","listeners":[{"name":"mesh","port":15008,"protocol":"HBONE","allowedRoutes":{"namespaces":{"from":"All"}}}]}""";
        _cluster.Gateway("own", "10.0.0.1", spec: Everybody, ns: "team-a");
        _cluster.Gateway("far", "10.0.0.2", spec: Everybody, ns: "team-b");
        _cluster.ServiceEntry("own", Spec, ns: "team-a", labels: """{"istio.io/use-waypoint":"own"}""");
        _cluster.ServiceEntry("far", Spec.Replace("foo", "bar", StringComparison.Ordinal), ns: "team-a", labels: """{"istio.io/use-waypoint":"far","istio.io/use-waypoint-namespace":"team-b"}""");
        _cluster.Events();
        Assert.NotNull(_cluster.Service("team-a/bar.com").Waypoint);
        Assert.Equal("istio.io/WaypointBound=True/WaypointAccepted", Said("far"));

        Set("defaultVisibility: NAMESPACE");
        _cluster.Events();
        Assert.NotNull(_cluster.Service("team-a/foo.com").Waypoint);
        Assert.Null(_cluster.Service("team-a/bar.com").Waypoint);
        Assert.Equal("istio.io/WaypointBound=True/WaypointAccepted istio.io/VisibilityApplied=True/Namespace", Said("own"));
        Assert.Equal("istio.io/WaypointBound=False/CrossNamespaceWaypointForbidden istio.io/VisibilityApplied=True/Namespace", Said("far"));
        Set("defaultVisibility: PUBLIC");
        _cluster.Events();
        Assert.NotNull(_cluster.Service("team-a/bar.com").Waypoint);
        Assert.Equal("istio.io/WaypointBound=True/WaypointAccepted istio.io/VisibilityApplied=True/Public", Said("far"));
    }

    [Fact]
    [Trait("behaviour", "CP-90")]
    public void AnOlderEntryThatOnlyItsNamespaceSees_LeavesTheOthersCanonical_AndKeepsItsPlace()
    {
        Set("policies:", "- visibility: NAMESPACE", "  matchingRules: [{namespaceSelector: {matchLabels: {team: a}}}]");
        _cluster.ServiceEntry("old", Spec, ns: "team-a", created: "2030-01-01T00:00:01Z");
        _cluster.ServiceEntry("new", Spec, ns: "team-b", created: "2030-01-01T00:00:02Z");
        _cluster.Events();
        Assert.Equal((Scope.Namespace, false), Seen("team-a"));
        Assert.Equal((Scope.Public, true), Seen("team-b"));
    }

    [Theory]
    [InlineData("serviceEntryVisibility: [", "")]
    [InlineData("serviceEntryVisibility: PUBLIC", "serviceEntryVisibility: must be an object")]
    [InlineData("serviceEntryVisibility: {default: NONE}", "serviceEntryVisibility.default: is not known")]
    [InlineData("serviceEntryVisibility: {defaultVisibility: ME}", "serviceEntryVisibility.defaultVisibility: \"ME\" is not known")]
    [InlineData("serviceEntryVisibility: {policies: {}}", "serviceEntryVisibility.policies: must be a list")]
    [InlineData("serviceEntryVisibility: {policies: [{matchingRules: [{namespaceSelectors: {}}]}]}", "policies[0].matchingRules[0].namespaceSelectors: is not known")]
    [InlineData("serviceEntryVisibility: {policies: [{matchingRules: [{namespaceSelector: {matchLabels: {a: 1}}}]}]}", "matchLabels.a: must be a text")]
    [InlineData("serviceEntryVisibility: {policies: [{matchingRules: [{namespaceSelector: {matchExpressions: [{key: a, operator: Like}]}}]}]}", "'Like' is not known")]
    public void WhatCannotBeRead_IsNamed_AndChangesNothing(string yaml, string error)
    {
        _cluster.ServiceEntry("e", Spec, ns: "team-a");
        Set("defaultVisibility: NAMESPACE");
        _cluster.Events();

        Assert.Contains(error, _cluster.Index.SetVisibility(yaml), StringComparison.Ordinal);
        Assert.Equal("", _cluster.Events());
        Assert.Equal(Scope.Namespace, Seen("team-a").Visibility);
    }

    [Fact]
    public void WhatCouldNeverBeRead_ShowsEntriesToTheirOwnNamespaceAlone_UntilItCan()
    {
        _cluster.ServiceEntry("e", Spec, ns: "team-a");
        Assert.NotNull(_cluster.Index.SetVisibility("serviceEntryVisibility: PUBLIC"));
        _cluster.Events();
        Assert.Equal(Scope.Namespace, Seen("team-a").Visibility);
        Assert.Null(_cluster.Index.SetVisibility(null));
        _cluster.Events();
        Assert.Equal(Scope.Public, Seen("team-a").Visibility);

        // Nothing was asked for, so a slip elsewhere in the text hides nothing.
        Assert.NotNull(_cluster.Index.SetVisibility("serviceEntryVisibility: ["));
        Assert.Equal("", _cluster.Events());
    }

    private string Said(string entry)
    {
        foreach (ObjectConditions conditions in _cluster.Index.TakeConditions())
        {
            _said[conditions.Key.Name] = conditions.Wanted;
        }

        return string.Join(' ', _said[entry].Select(static condition => $"{condition.Type}={condition.Status}/{condition.Reason}"));
    }

    private (Scope Visibility, bool IsCanonical) Seen(string ns) => (_cluster.Service($"{ns}/foo.com").Visibility, _cluster.Service($"{ns}/foo.com").Canonical);

    private void Set(params string[] lines) => Assert.Null(_cluster.Index.SetVisibility("serviceEntryVisibility:\n" + string.Concat(lines.Select(static line => "  " + line + "\n"))));
}
