using Ambient.Mesh.Services;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Configuration;

namespace Ambient.Waypoint.Tests.Configuration;

/// <summary>Changes become configurations, and cost what they touch.</summary>
public sealed class ConfigurationStoreTests
{
    private static readonly NamespacedHostname Cart = new("ns", "cart");
    private static readonly NamespacedHostname Other = new("ns", "other");
    private readonly List<(string Name, string Reason)> _refused = [];
    private readonly ConfigurationStore _store;
    private WaypointConfiguration _now = WaypointConfiguration.Empty;

    public ConfigurationStoreTests() => _store = new ConfigurationStore("cluster.local", configuration => _now = configuration, static _ => { });

    [Fact]
    public void Routes_ArePutInForce_ReplacedAndRemoved()
    {
        Apply(new ConfigurationChange { Routes = Changed(("a", Routes("cart", 80)), ("b", Routes("other", 80, 81))) });
        Assert.Equal((true, false, 3), (_now.Find(Cart, 80) is not null, _now.Find(Cart, 81) is not null, _now.PortCount));
        ServedPort other = _now.Find(Other, 81)!;
        Apply(new ConfigurationChange { Routes = Changed(("a", Routes("cart", 8080))) });
        Assert.Equal((false, true), (_now.Find(Cart, 80) is not null, _now.Find(Cart, 8080) is not null));
        Assert.Same(other, _now.Find(Other, 81));
        Apply(new ConfigurationChange { Routes = new ConfigurationPart<ServiceRoutes>(new Dictionary<string, ServiceRoutes>(), ["a", "never"]) });
        Assert.Null(_now.Find(Cart, 8080));
        Assert.Same(other, _now.Find(Other, 81));
    }

    [Fact]
    public void WhatCannotBeUsed_IsRefusedByName_AndTheLastGoodStateStays()
    {
        Apply(new ConfigurationChange { Routes = Changed(("a", Routes("cart", 80))) });
        ServedPort good = _now.Find(Cart, 80)!;
        ServiceRoutes broken = Routes("cart", 80);
        broken.Ports[0].Http.Add(new HttpRoute { Name = "r", Action = 7 });
        Apply(new ConfigurationChange { Routes = Changed(("a", broken), ("b", Routes("other", 80))) });
        Assert.Contains("there is no action 7", Assert.Single(_refused).Reason, StringComparison.Ordinal);
        Assert.Equal("a", _refused[0].Name);
        Assert.Same(good.Table, _now.Find(Cart, 80)!.Table);
        Assert.NotNull(_now.Find(Other, 80));
    }

    [Fact]
    public void Policies_AreInForce_WhereTheyAreAttached()
    {
        Apply(new ConfigurationChange { Routes = Changed(("a", Routes("cart", 80)), ("b", Routes("other", 80))) });
        Assert.True(_now.Find(Cart, 80)!.Http.IsEmpty);
        Apply(new ConfigurationChange { Access = Changed(("p", Deny("p", new Attachment { Service = "ns/cart" }))) });
        Assert.Equal((false, true), (_now.Find(Cart, 80)!.Http.IsEmpty, _now.Find(Other, 80)!.Http.IsEmpty));
        Apply(new ConfigurationChange { Access = Changed(("p", Deny("p", new Attachment { Service = "ns/other" }))) });
        Assert.Equal((true, false), (_now.Find(Cart, 80)!.Http.IsEmpty, _now.Find(Other, 80)!.Http.IsEmpty));
        Apply(new ConfigurationChange { Access = Changed(("p", Deny("p", new Attachment { All = true }))) });
        Assert.Equal((false, false), (_now.Find(Cart, 80)!.Http.IsEmpty, _now.Find(Other, 80)!.Http.IsEmpty));
        Apply(new ConfigurationChange { Access = new ConfigurationPart<AccessPolicy>(new Dictionary<string, AccessPolicy>(), ["p"]) });
        Assert.Equal((true, true), (_now.Find(Cart, 80)!.Http.IsEmpty, _now.Find(Other, 80)!.Http.IsEmpty));
    }

    [Fact]
    public void APolicyBeforeItsService_IsInForceFromTheFirstMoment()
    {
        Apply(new ConfigurationChange { Access = Changed(("p", Deny("p", new Attachment { Service = "ns/cart" }))) });
        Assert.Null(_now.Find(Cart, 80));
        Apply(new ConfigurationChange { Routes = Changed(("a", Routes("cart", 80))) });
        Assert.False(_now.Find(Cart, 80)!.Http.IsEmpty);
    }

    [Fact]
    public void DestinationsThatDidNotChange_StayTheSameObject()
    {
        DestinationSettings cart = new() { Namespace = "ns", Hostname = "cart" };
        Apply(new ConfigurationChange { Destinations = Changed(("a", cart)) });
        Apply(new ConfigurationChange { Destinations = Changed(("b", new DestinationSettings { Namespace = "ns", Hostname = "other" })) });
        Assert.Same(cart, _now.FindDestination(Cart));
        Apply(new ConfigurationChange { Destinations = new ConfigurationPart<DestinationSettings>(new Dictionary<string, DestinationSettings>(), ["a"]) });
        Assert.Null(_now.FindDestination(Cart));
        Assert.NotNull(_now.FindDestination(Other));
    }

    private static ConfigurationPart<T> Changed<T>(params (string Name, T Item)[] items) => new(items.ToDictionary(item => item.Name, item => item.Item), []);

    private static AccessPolicy Deny(string name, Attachment attachment) => new() { Namespace = "ns", Name = name, Action = AccessAction.Deny, Rules = { new AccessRule() }, Attachments = { attachment } };

    private static ServiceRoutes Routes(string host, params uint[] ports)
    {
        ServiceRoutes routes = new() { Namespace = "ns", Hostname = host };
        routes.Ports.AddRange(ports.Select(port => new PortRoutes { Port = port, Protocol = PortProtocol.Http }));
        return routes;
    }

    private void Apply(ConfigurationChange change) => _store.Apply(change with { Refuse = (name, reason) => _refused.Add((name, reason)) });
}
