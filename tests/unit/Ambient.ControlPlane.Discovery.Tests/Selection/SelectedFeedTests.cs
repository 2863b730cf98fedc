using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.ControlPlane.Discovery.Selection;
using Ambient.ControlPlane.Discovery.Tests.Clusters;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Watching;
using Ambient.Testing.Waiting;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Tests.Selection;

/// <summary>A feed with discovery selectors: what is told of namespaces that are selected, and taken back of those that are not any more.</summary>
public sealed class SelectedFeedTests : IAsyncLifetime, IDisposable
{
    private const string Chosen = """{"mesh":"yes"}""";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly FakeSource _source = new();
    private readonly ResourceStore _store = new([MeshIndex.PolicyType, MeshIndex.AddressType]);
    private readonly RecordingPart _part = new();
    private readonly SelectionObserver _observer = new();
    private readonly CancellationTokenSource _end = new();
    private DiscoveryFeed? _feed;
    private Task _running = Task.CompletedTask;

    public async Task InitializeAsync()
    {
        _source.With(KnownResources.ConfigMaps, Map("discoverySelectors: [{matchLabels: {mesh: 'yes'}}]"));
        foreach ((string space, string labels) in new[] { ("istio-system", "{}"), ("shop", Chosen), ("lab", "{}") })
        {
            _source.With(KnownResources.Namespaces, Space(space, labels)).With(KnownResources.Pods, Pod(space, "p", "10.0.0." + space.Length)).With(KnownResources.Services, $$$"""{"metadata":{"name":"s","namespace":"{{{space}}}"},"spec":{"clusterIP":"10.1.0.{{{space.Length}}}","ports":[{"port":80}]}}""")
                .With(KnownResources.HttpRoutes, $$$"""{"metadata":{"name":"r","namespace":"{{{space}}}"},"spec":{}}""").With(KnownResources.AuthorizationPolicies, Policy(space));
        }

        _feed = new DiscoveryFeed(_source, new MeshIndex(Cluster.Settings), _store, _observer, _part);
        _running = _feed.RunAsync(_end.Token);
        await _feed.Synced.WaitAsync(Limit);
    }

    public async Task DisposeAsync()
    {
        await _end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running.WaitAsync(Limit));
    }

    public void Dispose()
    {
        _end.Dispose();
    }

    [Fact]
    [Trait("behaviour", "CP-200")]
    public async Task OnlySelectedNamespaces_AreSeen_ButPodsForCertificatesOfAll()
    {
        Assert.Equal("cluster0//Pod/istio-system/p cluster0//Pod/shop/p istio-system/s.istio-system.svc.company.com shop/s.shop.svc.company.com", Addresses());
        Assert.Equal("istio-system/deny shop/deny", Names(MeshIndex.PolicyType));
        await Eventually.TrueAsync(() => _observer.Pods.Count == 3, Limit);
        foreach (string told in new[] { _part.There, _observer.Objects })
        {
            Assert.Contains("HTTPRoute:shop/r", told, StringComparison.Ordinal);
            Assert.DoesNotContain(":lab/", told, StringComparison.Ordinal);
            Assert.Contains("Namespace:lab", told.Replace("/", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }

        // Before everything was known, nothing had become anything.
        Assert.Empty(_observer.Selections);
        Assert.True(_feed!.IsSelected("shop") && !_feed.IsSelected("lab"));
    }

    [Fact]
    public async Task ALabel_SelectsANamespace_AndItsLossTakesEverythingBack()
    {
        string before = Addresses(), objects = _observer.Objects;
        await _source.ChangeAsync(KnownResources.Namespaces, new ResourceKey("", "lab"), Space("lab", Chosen));
        await Eventually.TrueAsync(() => Addresses().Contains("lab/s.lab", StringComparison.Ordinal), Limit);
        Assert.Contains("cluster0//Pod/lab/p", Addresses(), StringComparison.Ordinal);
        Assert.Contains("lab/deny", Names(MeshIndex.PolicyType), StringComparison.Ordinal);
        Assert.Contains("HTTPRoute:lab/r", _observer.Objects, StringComparison.Ordinal);

        // Changes while it is selected, and while it is not: what counts is how it is when it is selected again.
        await _source.ChangeAsync(KnownResources.Namespaces, new ResourceKey("", "lab"), Space("lab", "{}"));
        await Eventually.TrueAsync(() => Addresses() == before, Limit);
        Assert.Equal("istio-system/deny shop/deny", Names(MeshIndex.PolicyType));
        Assert.Equal(objects, _observer.Objects);
        await _source.ChangeAsync(KnownResources.Pods, new ResourceKey("lab", "q"), Pod("lab", "q", "10.0.0.77"));
        await _source.ChangeAsync(KnownResources.Pods, new ResourceKey("lab", "p"), null);
        Assert.True(_observer.Pods.ContainsKey(new ResourceKey("lab", "q")) && !_observer.Pods.ContainsKey(new ResourceKey("lab", "p")));
        await _source.ChangeAsync(KnownResources.Namespaces, new ResourceKey("", "lab"), Space("lab", Chosen));
        await Eventually.TrueAsync(() => Addresses().Contains("Pod/lab/q", StringComparison.Ordinal), Limit);
        Assert.DoesNotContain("Pod/lab/p", Addresses(), StringComparison.Ordinal);
        Assert.Equal(["+lab", "-lab", "+lab"], _observer.Selections);
    }

    [Fact]
    public async Task OtherSelectors_SelectOtherNamespaces_AndBadOnesNone()
    {
        await _source.ChangeAsync(KnownResources.ConfigMaps, new ResourceKey("istio-system", "istio"), Map("discoverySelectors: [{matchLabels: {mesh: 5}}]"));
        Assert.Equal(["discoverySelectors[0].matchLabels.mesh: must be a text"], _observer.MeshConfig);
        Assert.DoesNotContain("lab", Addresses(), StringComparison.Ordinal);
        await _source.ChangeAsync(KnownResources.ConfigMaps, new ResourceKey("istio-system", "istio"), Map("discoverySelectors: [{matchExpressions: [{key: mesh, operator: DoesNotExist}]}]"));
        await Eventually.TrueAsync(() => Addresses().Contains("Pod/lab/p", StringComparison.Ordinal) && !Addresses().Contains("shop", StringComparison.Ordinal), Limit);
        Assert.Equal(["+lab", "-shop"], _observer.Selections.Order(StringComparer.Ordinal));

        // Without MeshConfig every namespace is.
        await _source.ChangeAsync(KnownResources.ConfigMaps, new ResourceKey("istio-system", "istio"), null);
        await Eventually.TrueAsync(() => Addresses().Contains("Pod/lab/p", StringComparison.Ordinal) && Addresses().Contains("Pod/shop/p", StringComparison.Ordinal), Limit);
    }

    /// <summary>A policy that cannot be read closes what it may have closed, where it counts at all.</summary>
    [Fact]
    public async Task WhatCannotBeRead_CountsWhereTheNamespaceIsSelected()
    {
        const string Damaged = """{"metadata":{"name":"bad","namespace":"lab"},"spec":{"action":"DENY","rules":[{"from":7}]}}""";
        await _source.RefuseAsync(KnownResources.AuthorizationPolicies, new ResourceKey("lab", "bad"), Damaged);
        Assert.Empty(_observer.Refused);
        await _source.ChangeAsync(KnownResources.Namespaces, new ResourceKey("", "lab"), Space("lab", Chosen));
        await Eventually.TrueAsync(() => Names(MeshIndex.PolicyType).Contains("lab/bad", StringComparison.Ordinal), Limit);
        Assert.Equal(["AuthorizationPolicy:lab/bad Guarded"], _observer.Refused);
        await _source.ChangeAsync(KnownResources.Namespaces, new ResourceKey("", "lab"), Space("lab", "{}"));
        await Eventually.TrueAsync(() => Names(MeshIndex.PolicyType) == "istio-system/deny shop/deny", Limit);
        Assert.DoesNotContain("bad", _part.There, StringComparison.Ordinal);
    }

    /// <summary>Whoever may label the waypoint's namespace cannot take its policies from the services of others.</summary>
    [Fact]
    public async Task WaypointOfANamespaceThatIsLeft_IsNotPassedOver()
    {
        const string Uses = """{"metadata":{"name":"s","namespace":"shop","labels":{"istio.io/use-waypoint":"w","istio.io/use-waypoint-namespace":"lab"}},"spec":{"clusterIP":"10.1.0.4","selector":{"app":"a"},"ports":[{"port":80}]}}""";
        const string NeedsHttp = """{"metadata":{"name":"http","namespace":"shop"},"spec":{"targetRefs":[{"kind":"Service","name":"s"}],"action":"DENY","rules":[{"to":[{"operation":{"methods":["GET"]}}]}]}}""";
        const string Waypoint = """{"metadata":{"name":"w","namespace":"lab"},"spec":{"gatewayClassName":"istio-waypoint","listeners":[{"port":15008,"protocol":"HBONE","allowedRoutes":{"namespaces":{"from":"All"}}}]},"status":{"addresses":[{"type":"Hostname","value":"w.lab"}]}}""";
        await _source.ChangeAsync(KnownResources.Gateways, new ResourceKey("lab", "w"), Waypoint);
        await _source.ChangeAsync(KnownResources.Services, new ResourceKey("shop", "s"), Uses);
        await _source.ChangeAsync(KnownResources.Pods, new ResourceKey("shop", "p"), Pod("shop", "p", "10.0.0.4").Replace("\"namespace\"", "\"labels\":{\"app\":\"a\"},\"namespace\"", StringComparison.Ordinal));
        await _source.ChangeAsync(KnownResources.AuthorizationPolicies, new ResourceKey("shop", "http"), NeedsHttp);

        // Not selected from the beginning, then selected, then by other selectors not any more, then none at all.
        await Eventually.TrueAsync(() => Refusal().Length > 0, Limit);
        string everybody = Refusal();
        await _source.ChangeAsync(KnownResources.Namespaces, new ResourceKey("", "lab"), Space("lab", Chosen));
        await Eventually.TrueAsync(() => Refusal() is { Length: > 0 } now && now != everybody, Limit);
        string butTheWaypoint = Refusal();
        await _source.ChangeAsync(KnownResources.ConfigMaps, new ResourceKey("istio-system", "istio"), Map("discoverySelectors: [{matchExpressions: [{key: mesh, operator: Exists}, {key: late, operator: DoesNotExist}]}]"));
        Assert.Equal(butTheWaypoint, Refusal());
        await _source.ChangeAsync(KnownResources.Namespaces, new ResourceKey("", "lab"), Space("lab", """{"mesh":"yes","late":"yes"}"""));
        await Eventually.TrueAsync(() => Refusal() == everybody, Limit);
        await _source.ChangeAsync(KnownResources.ConfigMaps, new ResourceKey("istio-system", "istio"), null);
        await Eventually.TrueAsync(() => Refusal() == butTheWaypoint, Limit);
        await _source.ChangeAsync(KnownResources.Namespaces, new ResourceKey("", "lab"), null);
        await _source.ChangeAsync(KnownResources.Gateways, new ResourceKey("lab", "w"), null);
        await Eventually.TrueAsync(() => Refusal().Length == 0, Limit);
    }

    /// <summary>A namespace that comes or goes costs what is in it, not what is in all.</summary>
    [Fact]
    public async Task ALabel_IsNoWalkOverOtherNamespaces()
    {
        var selection = new NamespaceSelection(Cluster.Settings);
        var told = new List<string>();
        int questions = 0;
        var source = new FakeSource();
        for (int i = 0; i < 3000; i++)
        {
            source.With(KnownResources.Pods, Pod("shop" + (i % 3), "p" + i, "10.0.0.1"));
        }

        source.With(KnownResources.Pods, Pod("lab", "p", "10.0.0.1"));
        var cache = new ResourceCache<Kubernetes.Resources.Workloads.Pod>(source, KnownResources.Pods);
        var kind = new FollowedKind<Kubernetes.Resources.Workloads.Pod>(cache, selection, new Lock(), (key, now) => told.Add($"{(now is null ? '-' : '+')}{key.Namespace}"), static (_, _, _) => { });
        Task running = kind.RunAsync(static _ => { }, static _ => { }, _end.Token);
        await cache.Synced.WaitAsync(Limit);
        told.Clear();
        Assert.Null(selection.Obey("discoverySelectors: [{matchLabels: {mesh: 'yes'}}]", out Func<string, bool>? isOther));
        kind.Reselect(name =>
        {
            questions++;
            return name == "lab" && isOther!(name);
        });
        Assert.True(selection.Set("lab", StringMap.Of(("mesh", "yes"))));
        kind.Reselect("lab");
        kind.Reselect("unknown");
        Assert.Equal((4, "-lab +lab"), (questions, string.Join(' ', told)));
        await _end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private static string Map(string mesh) => $$$"""{"metadata":{"name":"istio","namespace":"istio-system"},"data":{"mesh":"{{{mesh}}}"}}""";

    private static string Space(string name, string labels) => $$$"""{"metadata":{"name":"{{{name}}}","labels":{{{labels}}}}}""";

    private static string Pod(string space, string name, string ip) => $$$"""{"metadata":{"name":"{{{name}}}","namespace":"{{{space}}}"},"spec":{"nodeName":"n1"},"status":{"phase":"Running","podIP":"{{{ip}}}"}}""";

    private static string Policy(string space) => $$$"""{"metadata":{"name":"deny","namespace":"{{{space}}}"},"spec":{"action":"DENY","rules":[{}]}}""";

    /// <summary>The policy that keeps what does not come through the waypoint out; its name is made of what it says.</summary>
    private string Refusal() => _store.Versions(MeshIndex.PolicyType).Keys.SingleOrDefault(static name => name.Contains("ambient_require_waypoint_", StringComparison.Ordinal)) ?? "";

    private string Addresses() => Names(MeshIndex.AddressType);

    private string Names(string type) => string.Join(' ', _store.Versions(type).Keys.Order(StringComparer.Ordinal));
}
