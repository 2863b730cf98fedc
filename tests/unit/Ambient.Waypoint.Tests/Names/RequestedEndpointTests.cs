using Ambient.Dns.Resolving;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Http2;
using Ambient.Waypoint.Names;
using Ambient.Waypoint.Tests.Forwarding;
using Kind = Ambient.Protocol.L7.NameResolution.Types.Kind;

namespace Ambient.Waypoint.Tests.Names;

public sealed class RequestedEndpointTests
{
    [Theory]
    [InlineData("a.example.com", "a.example.com.")]
    [InlineData("A.Example.COM:8080", "a.example.com.")]
    [InlineData("a.b.example.com", "a.b.example.com.")]
    [InlineData("a.b.example.com.", null)]
    [InlineData("_x.example.com", "_x.example.com.")]
    [InlineData("example.com", null)]
    [InlineData(".example.com", null)]
    [InlineData("a.example.org", null)]
    [InlineData("aexample.com", null)]
    [InlineData("a..example.com", null)]
    [InlineData("-a.example.com", null)]
    [InlineData("a b.example.com", null)]
    [InlineData("a/b.example.com", null)]
    [InlineData("127.0.0.1", null)]
    [InlineData("a.example.com:", null)]
    [InlineData("a.example.com:80:80", null)]
    [InlineData("[::1]:80", null)]
    [InlineData("", null)]
    public void OnlyNamesThatThePatternCovers_AreAskedFor(string host, string? expected)
    {
        Assert.Equal(expected is not null, RequestedName.TryRead(host, "*.example.com", out string? full));
        Assert.Equal(expected, full);
    }

    [Fact]
    public void ARequestsHost_IsWaitedForOnce_AndThenKnown()
    {
        using FakeNames names = new();
        DestinationState state = Make(names, "*.example.com", Kind.ByRequest);
        ResolvedName? awaited = state.AtName("shop.example.com", out Candidate[] candidates);
        Assert.NotNull(awaited);
        Assert.Empty(candidates);
        names.Answer(60, "192.0.2.1");
        Assert.Null(state.AtName("SHOP.example.com:80", out candidates));
        Assert.Equal("192.0.2.1:8080", Assert.Single(candidates).Key.Text);
        Assert.Equal(["shop.example.com."], names.Asked);
        Assert.Null(state.AtName("shop.example.org", out candidates));
        Assert.Empty(candidates);

        // A name that is nowhere is not waited for again.
        Assert.NotNull(state.AtName("nobody.example.com", out _));
        names.Answer(AddressAnswer.None);
        Assert.Null(state.AtName("nobody.example.com", out candidates));
        Assert.Empty(candidates);
    }

    [Fact]
    public void NamesThatClientsChoose_AreBounded_TheOldestIdleOneGoes()
    {
        using FakeNames names = new();
        DestinationState state = Make(names, "*.example.com", Kind.ByRequest);
        for (int i = 0; i < DestinationState.MaxNames; i++)
        {
            Assert.NotNull(state.AtName($"n{i}.example.com", out _));
        }

        // All of them are in use: who comes now is not served, and nobody is asked.
        Assert.Null(state.AtName("more.example.com", out Candidate[] candidates));
        Assert.Empty(candidates);
        names.Table.Sweep();
        for (int i = 1; i < DestinationState.MaxNames; i++)
        {
            state.AtName($"n{i}.example.com", out _);
        }

        Assert.NotNull(state.AtName("more.example.com", out _));
        Assert.Equal(DestinationState.MaxNames, names.Table.All.Count);
        Assert.DoesNotContain(names.Table.All, static name => name.Name == "n0.example.com.");
    }

    [Fact]
    public void ANameThatNobodyUsesAnyMore_IsNotAskedForAgain()
    {
        using FakeNames names = new();
        DestinationState state = Make(names, "*.example.com", Kind.ByRequest);
        state.AtName("shop.example.com", out _);
        names.Answer(1, "192.0.2.1");
        for (int i = 0; i < 3; i++)
        {
            names.Table.Sweep();
        }

        names.Pass(1);
        Assert.False(names.IsAsked);
        Assert.Empty(names.Table.All);
        Assert.NotNull(state.AtName("shop.example.com", out _));
        Assert.True(names.IsAsked);
    }

    [Theory]
    [InlineData("198.51.100.1", true)]
    [InlineData("10.1.2.3", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("169.254.1.1", false)]
    [InlineData("fd00:ec2::254", false)]
    [InlineData("100.100.100.200", false)]
    [InlineData("64:ff9b::168.63.129.16", false)]
    [InlineData("10.9.9.9", false)]
    [InlineData("169.254.169.254", true)]
    public void AnAddressThatWasDialled_IsReached_UnlessItIsOurs(string address, bool isReached)
    {
        using FakeNames names = new(static own => own == IpAddress.Parse("10.9.9.9"));
        DestinationState state = Make(names, "outside.example.com", Kind.AsDialled, "169.254.169.254");
        Candidate[] candidates = state.At(IpAddress.Parse(address));
        Assert.Equal(isReached ? [address + ":8080"] : [], candidates.Select(static candidate => candidate.Key.Text));
    }

    [Theory]
    [InlineData(Kind.ByRequest, false, 1)]
    [InlineData(Kind.ByRequest, true, 1)]
    [InlineData(Kind.AsDialled, false, 1)]
    [InlineData(Kind.AsDialled, true, 1)]
    [InlineData(Kind.All, false, 3)]
    [InlineData(Kind.All, true, 3)]
    public void ClientsThatChooseEndpoints_HaveTheLimitOfConnections_OthersOneToEachInAnyCase(Kind kind, bool isHttp2, int expected)
    {
        using FakeNames names = new();
        using LocalWaypoint waypoint = new();
        DestinationState state = Make(names, "*.example.com", kind);
        int connected = 0;
        foreach (string address in new[] { "192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:80" })
        {
            EndpointKey key = new(IpPort.Parse(address), null);
            IEndpointPool pool = isHttp2 ? new Http2Pool(waypoint.Dialer, state, key, null, waypoint.Loop.Loop) : new ClientPool(waypoint.Dialer, state, key, null, waypoint.Loop.Loop);
            connected += pool.Take(new PoolLimits { Connections = 1 }) is null ? 0 : 1;
        }

        // A connection that is gone makes room.
        Assert.Equal((expected, expected), (connected, state.Connections));
        Assert.Equal(kind == Kind.All, state.MayForce);
        for (int i = 0; i < expected; i++)
        {
            state.Disconnect();
        }

        Assert.True(state.MayForce);
    }

    private static DestinationState Make(FakeNames names, string host, Kind kind, string? vip = null)
    {
        NamespacedHostname key = new("apps", host);
        MeshState mesh = new();
        MeshBatch batch = new();
        ServiceSpec spec = new() { Name = "out", Namespace = key.Namespace, Hostname = key.Hostname, Ports = PortMap.Of((80, 8080)) };
        if (vip is not null)
        {
            spec.Vips.Add(new NetworkAddress("", IpAddress.Parse(vip)));
        }

        batch.Services.Add(new Service(spec));
        mesh.Apply(batch);
        DestinationState state = new(key, 80, "", names: names.Table);
        Assert.True(state.TryGet(mesh.Current, new DestinationSettings { Names = new NameResolution { Kind = kind } }, out _, out Candidate[] candidates));
        Assert.Empty(candidates);
        return state;
    }
}
