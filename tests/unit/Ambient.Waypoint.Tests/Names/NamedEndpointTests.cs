using Ambient.Dns.Resolving;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Balancing;
using Kind = Ambient.Protocol.L7.NameResolution.Types.Kind;

namespace Ambient.Waypoint.Tests.Names;

public sealed class NamedEndpointTests
{
    private static readonly NamespacedHostname Host = new("apps", "api.example.com");

    [Fact]
    public void AllAddressesOfAName_AreEndpoints_WithItsWeight_PlaceAndPort()
    {
        using FakeNames names = new();
        (DestinationState state, MeshView view) = Make(names, Named("one", "a.example", weight: 3, port: 8443), Named("two", "b.example"), Plain("three", "10.0.0.9"));
        Assert.True(state.TryGet(view, null, out _, out Candidate[] candidates));

        // What is known is used while the rest is asked for.
        Assert.Equal(["10.0.0.9:443"], Texts(candidates));
        Assert.Null(state.Awaited);
        names.AnswerFor("a.example", 60, "192.0.2.1", "192.0.2.2");
        names.AnswerFor("b.example", 60, "192.0.2.3");
        Assert.True(state.TryGet(view, null, out _, out candidates));
        Assert.Equal(["10.0.0.9:443", "192.0.2.1:8443", "192.0.2.2:8443", "192.0.2.3:443"], Texts(candidates));
        Assert.Equal([1, 1, 3, 3], candidates.Select(static candidate => candidate.Weight).Order());
        Assert.All(candidates, static candidate => Assert.Null(candidate.Key.Identity));
        Assert.Equal("eu", candidates[0].Workload.Locality.Region);
    }

    [Fact]
    public void AnotherAnswer_IsAnotherEndpoint_AndTheSameOneIsNot()
    {
        using FakeNames names = new();
        (DestinationState state, MeshView view) = Make(names, Named("one", "a.example"));
        state.TryGet(view, null, out _, out _);
        Assert.NotNull(state.Awaited);
        names.Answer(1, "192.0.2.1", "192.0.2.2");
        state.TryGet(view, null, out _, out Candidate[] first);
        names.Pass(1);
        names.Answer(1, "192.0.2.2", "192.0.2.1");
        state.TryGet(view, null, out _, out Candidate[] same);
        Assert.Same(first, same);
        names.Pass(1);
        names.Answer(1, "192.0.2.2", "192.0.2.7");
        state.TryGet(view, null, out _, out Candidate[] other);
        Assert.Equal(["192.0.2.2:443", "192.0.2.7:443"], Texts(other));

        // What is known of an endpoint that stays is kept.
        Assert.Same(first.Single(static candidate => candidate.Key.Text == "192.0.2.2:443").State, other.Single(static candidate => candidate.Key.Text == "192.0.2.2:443").State);
    }

    [Fact]
    public void ANameWithoutAnswer_IsNoEndpoint_AndNobodyWaitsForItAgain()
    {
        using FakeNames names = new();
        (DestinationState state, MeshView view) = Make(names, Named("one", "a.example"));
        state.TryGet(view, null, out _, out _);
        names.Answer(AddressAnswer.Failed("no"));
        Assert.True(state.TryGet(view, null, out _, out Candidate[] candidates));
        Assert.Empty(candidates);
        Assert.Null(state.Awaited);
        Assert.Null(state.Choose(candidates, new TrafficPolicy(), null, null, new Random(1), 0));
    }

    [Fact]
    public void RoundRobinOfDns_IsTheFirstAddressOfTheLastAnswer()
    {
        using FakeNames names = new();
        (DestinationState state, MeshView view) = Make(names, Named("one", "a.example"));
        DestinationSettings settings = new() { Names = new NameResolution { Kind = Kind.First } };
        state.TryGet(view, settings, out _, out _);
        names.Answer(1, "192.0.2.2", "192.0.2.1");
        state.TryGet(view, settings, out _, out Candidate[] candidates);
        Assert.Equal(["192.0.2.2:443"], Texts(candidates));
        names.Pass(1);
        names.Answer(1, "192.0.2.1", "192.0.2.2");
        state.TryGet(view, settings, out _, out candidates);
        Assert.Equal(["192.0.2.1:443"], Texts(candidates));
    }

    [Fact]
    public void OfTwoFamilies_IPv4IsUsed_UnlessThereIsNone()
    {
        using FakeNames names = new();
        (DestinationState state, MeshView view) = Make(names, Named("one", "a.example"));
        state.TryGet(view, null, out _, out _);
        names.Answer(1, "2001:db8::1", "192.0.2.1");
        state.TryGet(view, null, out _, out Candidate[] candidates);
        Assert.Equal(["192.0.2.1:443"], Texts(candidates));
        names.Pass(1);
        names.Answer(1, "2001:db8::1");
        state.TryGet(view, null, out _, out candidates);
        Assert.Equal(["[2001:db8::1]:443"], Texts(candidates));
    }

    [Fact]
    public void InARace_AllAddressesAreOneEndpoint_OneFamilyAfterTheOther()
    {
        using FakeNames names = new();
        (DestinationState state, MeshView view) = Make(names, Named("one", "a.example"));
        DestinationSettings settings = new() { Names = new NameResolution { Kind = Kind.First, Races = true } };
        state.TryGet(view, settings, out _, out _);
        names.Answer(1, "192.0.2.1", "192.0.2.2", "2001:db8::1");
        state.TryGet(view, settings, out _, out Candidate[] candidates);
        EndpointKey key = Assert.Single(candidates).Key;
        Assert.Equal(["[2001:db8::1]:443", "192.0.2.1:443", "192.0.2.2:443"], new[] { key.Address }.Concat(key.Others).Select(static address => address.ToString()));
    }

    [Theory]
    [Trait("behaviour", "CP-268")]
    [InlineData(TunnelProtocol.Hbone, "10.0.0.9 fd00::9", "10.0.0.9:443 by HBONE")]
    [InlineData(TunnelProtocol.Hbone, "fd00::9 10.0.0.9", "[fd00::9]:443 by HBONE")]
    [InlineData(TunnelProtocol.None, "10.0.0.9 fd00::9", "10.0.0.9:443 [fd00::9]:443")]
    [InlineData(TunnelProtocol.None, "fd00::9 10.0.0.9", "[fd00::9]:443 10.0.0.9:443")]
    [InlineData(TunnelProtocol.None, "10.0.0.9", "10.0.0.9:443")]
    public void WorkloadOfTheMesh_IsReachedByItsFirstAddress_AnotherByAll(TunnelProtocol protocol, string addresses, string expected)
    {
        WorkloadSpec spec = Named("pod", "");
        spec.Protocol = protocol;
        foreach (string address in addresses.Split(' '))
        {
            spec.Addresses.Add(IpAddress.Parse(address));
        }

        (DestinationState state, MeshView view) = Make(null, spec);
        Assert.True(state.TryGet(view, null, out _, out Candidate[] candidates));
        EndpointKey key = Assert.Single(candidates).Key;
        Assert.Equal(expected, string.Join(' ', key.Others.Prepend(key.Address)) + (key.Identity is null ? "" : " by HBONE"));

        // The same again is the same endpoint: what is known of it stays.
        (_, MeshView again) = Make(null, spec);
        Assert.True(state.TryGet(again, null, out _, out Candidate[] same));
        Assert.Same(candidates[0].State, same[0].State);
    }

    [Fact]
    public void WithoutNames_TheyAreNowhere()
    {
        (DestinationState state, MeshView view) = Make(null, Named("one", "a.example"));
        Assert.True(state.TryGet(view, null, out _, out Candidate[] candidates));
        Assert.Empty(candidates);
        Assert.Null(state.Awaited);
    }

    private static string[] Texts(Candidate[] candidates) => [.. candidates.Select(static candidate => candidate.Key.Text).Order(StringComparer.Ordinal)];

    private static WorkloadSpec Named(string uid, string name, uint weight = 1, ushort port = 443) => new()
    {
        Uid = uid,
        Name = uid,
        Namespace = "apps",
        Hostname = name,
        Capacity = weight,
        Locality = new Locality("eu", "", ""),
        Services = { new ServiceMembership(Host, PortMap.Of((443, port))) },
    };

    private static WorkloadSpec Plain(string uid, string address)
    {
        WorkloadSpec spec = Named(uid, "");
        spec.Addresses.Add(IpAddress.Parse(address));
        return spec;
    }

    private static (DestinationState State, MeshView View) Make(FakeNames? names, params WorkloadSpec[] workloads)
    {
        MeshState mesh = new();
        MeshBatch batch = new();
        batch.Services.Add(new Service(new ServiceSpec { Name = "api", Namespace = Host.Namespace, Hostname = Host.Hostname, Ports = PortMap.Of((443, 443)) }));
        batch.Workloads.AddRange(workloads.Select(static spec => new Workload(spec)));
        mesh.Apply(batch);
        return (new DestinationState(Host, 443, "", names: names?.Table), mesh.Current);
    }
}
