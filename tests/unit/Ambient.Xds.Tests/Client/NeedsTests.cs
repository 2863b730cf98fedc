using Ambient.Mesh.Addresses;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Testing.Waiting;
using Ambient.Xds.Client;
using Google.Protobuf.WellKnownTypes;
using static Ambient.Xds.Tests.Client.AdsServer;

namespace Ambient.Xds.Tests.Client;

/// <summary>A client that takes the addresses that it needs, where the control plane knows which.</summary>
public sealed class NeedsTests
{
    private const string Needs = "type.googleapis.com/needs";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task FirstRequests_SayItBeforeAddresses_AndAskForAllTheSame()
    {
        await using AdsServer server = await StartAsync();
        AdsConnection stream = await server.AcceptAsync();
        (DeltaDiscoveryRequest needs, DeltaDiscoveryRequest address) = await stream.FirstAsync();
        Assert.Equal([Needs, TypeUrls.Address], [needs.TypeUrl, address.TypeUrl]);
        Assert.Empty(needs.ResourceNamesSubscribe);
        Assert.Equal(["*"], address.ResourceNamesSubscribe);
        Assert.Empty(address.ResourceNamesUnsubscribe);

        // A control plane that does not know the type may say nothing about it.
        await stream.SendAsync(TypeUrls.Address, "1", []);
        await server.Client.Ready.WaitAsync(Limit);
        Assert.False(server.Client.IsLimited);
    }

    [Fact]
    public async Task WhatIsAskedFor_IsWaitedFor_UntilItIsSaid()
    {
        await using AdsServer server = await StartAsync();
        AdsConnection stream = await LimitedAsync(server);
        Task<bool> known = server.Client.AskAsync("/10.0.0.1", CancellationToken.None);
        Assert.Equal(["/10.0.0.1"], (await stream.NextAsync()).ResourceNamesSubscribe);
        Task<bool> unknown = server.Client.AskAsync("/10.0.0.2", CancellationToken.None);
        Assert.Equal(["/10.0.0.2"], (await stream.NextAsync()).ResourceNamesSubscribe);
        Assert.False(known.IsCompleted || unknown.IsCompleted);
        await stream.SendAsync(TypeUrls.Address, "3", [("w1", Wire.Workload("w1", 10, 0, 0, 1))], "/10.0.0.2");
        Assert.True(await known.WaitAsync(Limit));
        Assert.True(await unknown.WaitAsync(Limit));
        Assert.NotNull(server.State.Current.FindWorkload(new NetworkAddress("", IpAddress.Parse("10.0.0.1"))));
        await stream.NextAsync();

        // What was asked for before is known to be there, or not: nobody waits for it.
        Assert.False(await server.Client.AskAsync("/10.0.0.2", CancellationToken.None).WaitAsync(Limit));
        server.Client.GiveUp("/10.0.0.2");
        Assert.Equal(["/10.0.0.2"], (await stream.NextAsync()).ResourceNamesUnsubscribe);
    }

    [Fact]
    public async Task WhatIsAskedFor_IsAskedForOnTheNextStream_AndNobodyWaitsWithoutOne()
    {
        await using AdsServer server = await StartAsync();
        AdsConnection stream = await LimitedAsync(server);
        server.Client.Ask("ns/s");
        Assert.Equal(["ns/s"], (await stream.NextAsync()).ResourceNamesSubscribe);
        server.Client.Ask("ns/gone");
        Assert.Equal(["ns/gone"], (await stream.NextAsync()).ResourceNamesSubscribe);
        stream.End(14, "away");
        await Eventually.TrueAsync(() => !server.Observer.Ends.IsEmpty);
        server.Client.GiveUp("ns/gone");
        AdsConnection next = await server.AcceptAsync();
        (DeltaDiscoveryRequest needs, DeltaDiscoveryRequest address) = await next.FirstAsync();
        Assert.Equal(["a/w/needs"], needs.InitialResourceVersions.Keys);
        Assert.Equal(["*", "ns/s"], address.ResourceNamesSubscribe.Except(["ns/gone"]));
        Assert.True(server.Client.IsLimited);
    }

    [Fact]
    public async Task AskedForWhileEverythingIsSent_NothingIsSaid_AndNobodyWaits()
    {
        await using AdsServer server = await StartAsync();
        AdsConnection stream = await server.AcceptAsync();
        await stream.FirstAsync();
        Assert.False(await server.Client.AskAsync("/10.0.0.1", CancellationToken.None).WaitAsync(Limit));
        await stream.SendAsync(TypeUrls.Address, "1", []);
        Assert.Equal("1", (await stream.NextAsync()).ResponseNonce);
        await stream.SendAsync(TypeUrls.Address, "2", []);
        Assert.Equal("2", (await stream.NextAsync()).ResponseNonce);
    }

    private static Task<AdsServer> StartAsync() => AdsServer.StartAsync(static options => options with { NeedsType = Needs, Policies = false, OnDemandLimit = Limit });

    private static async Task<AdsConnection> LimitedAsync(AdsServer server)
    {
        AdsConnection stream = await server.AcceptAsync();
        await stream.FirstAsync();
        await stream.SendAsync(Needs, "1", [("a/w/needs", new Empty())]);
        await stream.NextAsync();
        await stream.SendAsync(TypeUrls.Address, "2", []);
        await stream.NextAsync();
        return stream;
    }
}
