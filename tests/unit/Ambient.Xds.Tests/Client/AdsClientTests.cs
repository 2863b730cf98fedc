using System.IO.Pipelines;
using Ambient.Grpc.Client;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Policies;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Testing.Waiting;
using Ambient.Xds.Client;
using Ambient.Xds.Snapshots;
using static Ambient.Xds.Tests.Client.AdsServer;

namespace Ambient.Xds.Tests.Client;

public sealed class AdsClientTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    [Trait("behaviour", "ZT-164")]
    public async Task Ready_OnlyAfterBothTypes_ThenLookupsAndPoliciesAnswer()
    {
        await using AdsServer server = await AdsServer.StartAsync();
        AdsConnection stream = await server.AcceptAsync();
        await stream.FirstAsync();

        await stream.SendAsync(TypeUrls.Address, "1", [("w1", Wire.Workload("w1", 10, 0, 0, 1)), ("ns/s", Wire.Service("s", 10, 1, 0, 1))]);
        Assert.Null((await stream.NextAsync()).ErrorDetail);
        Assert.False(server.Client.Ready.IsCompleted);
        await stream.SendAsync(TypeUrls.Authorization, "2", [("ns/p", Wire.Deny("p", 80))]);
        await server.Client.Ready.WaitAsync(Limit);

        Mesh.Views.MeshView view = server.State.Current;
        Mesh.Workloads.Workload workload = view.FindWorkload(new NetworkAddress("", IpAddress.Parse("10.0.0.1")))!;
        Assert.Equal("spiffe://cluster.local/ns/ns/sa/default", workload.Identity.ToString());
        Assert.NotNull(view.FindServiceByHost("ns", "s"));
        foreach ((ushort port, bool allowed) in new[] { ((ushort)80, false), ((ushort)81, true) })
        {
            var facts = new ConnectionFacts(IpPort.Parse("10.0.0.9:1"), new IpPort(IpAddress.Parse("10.0.0.1"), port), null, "");
            Assert.Equal(allowed, PolicyEngine.Evaluate(view, facts, workload).IsAllowed);
        }
    }

    [Fact]
    [Trait("behaviour", "ZT-165")]
    [Trait("behaviour", "ZT-169")]
    public async Task FirstRequests_AreInOrder_AloneCarryTheNode_AndSubscribeToEverything()
    {
        await using AdsServer server = await AdsServer.StartAsync();
        AdsConnection stream = await server.AcceptAsync();

        (DeltaDiscoveryRequest address, DeltaDiscoveryRequest authorization) = await stream.FirstAsync();
        await stream.SendAsync(TypeUrls.Address, "n1", []);
        DeltaDiscoveryRequest ack = await stream.NextAsync();

        Assert.Equal([TypeUrls.Address, TypeUrls.Authorization], [address.TypeUrl, authorization.TypeUrl]);
        foreach (DeltaDiscoveryRequest first in new[] { address, authorization })
        {
            Assert.Equal("ztunnel~1.1.1.1~zt.istio-system~istio-system.svc.cluster.local", first.Node.Id);
            Assert.Empty(first.ResourceNamesSubscribe);
            Assert.Empty(first.ResourceNamesUnsubscribe);
            Assert.Equal("", first.ResponseNonce);
        }

        Assert.Equal((null, "n1", TypeUrls.Address, null), (ack.Node, ack.ResponseNonce, ack.TypeUrl, ack.ErrorDetail));
    }

    [Fact]
    [Trait("behaviour", "ZT-166")]
    [Trait("behaviour", "ZT-167")]
    public async Task Reconnect_TellsWhatIsHeld_AndKeepsItMeanwhile()
    {
        await using AdsServer server = await AdsServer.StartAsync();
        AdsConnection first = await server.AcceptAsync();
        Assert.Empty((await first.FirstAsync()).Address.InitialResourceVersions);
        await first.SendAsync(TypeUrls.Address, "1", [("w1", Wire.Workload("w1", 10, 0, 0, 1)), ("bad", Wire.Workload("bad", 1, 2)), ("w2", Wire.Workload("w2"))]);
        Assert.NotNull((await first.NextAsync()).ErrorDetail);
        await first.SendAsync(TypeUrls.Address, "2", [], "w2");
        await first.NextAsync();
        first.End(10, "aborted");

        AdsConnection second = await server.AcceptAsync();
        (DeltaDiscoveryRequest address, DeltaDiscoveryRequest authorization) = await second.FirstAsync();
        Assert.Equal(new Dictionary<string, string> { ["w1"] = "v-1" }, address.InitialResourceVersions);
        Assert.Empty(authorization.InitialResourceVersions);
        Assert.NotNull(server.State.Current.FindWorkloadByUid("w1"));
        Assert.Equal(StreamEnd.Error, server.Observer.Ends.Single().End);

        await second.SendAsync(TypeUrls.Address, "3", [], "w1");
        await second.NextAsync();
        Assert.Null(server.State.Current.FindWorkloadByUid("w1"));
    }

    [Fact]
    public async Task Snapshot_IsTheStateOfTheNextProcess_AndIsNotAskedForAgain()
    {
        string folder = Directory.CreateTempSubdirectory("ambient-xds-").FullName;
        AdsClientOptions With(AdsClientOptions options) => options with { Snapshot = new ResourceSnapshot(Path.Combine(folder, "xds"), Assert.Fail) };
        try
        {
            await using (AdsServer before = await AdsServer.StartAsync(With))
            {
                AdsConnection stream = await before.AcceptAsync();
                await stream.FirstAsync();
                await stream.SendAsync(TypeUrls.Address, "1", [("w1", Wire.Workload("w1", 10, 0, 0, 1))]);
                await stream.NextAsync();
                await stream.SendAsync(TypeUrls.Authorization, "2", [("ns/p", Wire.Deny("p", 80))]);
                await stream.NextAsync();
                await stream.SendAsync(TypeUrls.Address, "3", [("bad", Wire.Workload("bad", 1, 2))]);
                Assert.NotNull((await stream.NextAsync()).ErrorDetail);
            }

            await using AdsServer after = await AdsServer.StartAsync(With);
            Assert.NotNull(after.State.Current.FindWorkloadByUid("w1"));
            (DeltaDiscoveryRequest address, DeltaDiscoveryRequest authorization) = await (await after.AcceptAsync()).FirstAsync();
            Assert.Equal(new Dictionary<string, string> { ["w1"] = "v-1" }, address.InitialResourceVersions);
            Assert.Equal(["ns/p"], authorization.InitialResourceVersions.Keys);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    [Trait("behaviour", "ZT-170")]
    public async Task UnknownType_IsAcked()
    {
        await using AdsServer server = await AdsServer.StartAsync();
        AdsConnection stream = await server.AcceptAsync();
        await stream.FirstAsync();

        await stream.SendAsync("type.googleapis.com/some.Thing", "7", [("x", Wire.Workload("x"))]);
        DeltaDiscoveryRequest answer = await stream.NextAsync();

        Assert.Equal(("type.googleapis.com/some.Thing", "7", null), (answer.TypeUrl, answer.ResponseNonce, answer.ErrorDetail));
        Assert.Contains("unknown type.googleapis.com/some.Thing", server.Observer.Notes);
    }

    [Fact]
    [Trait("behaviour", "ZT-171")]
    [Trait("behaviour", "ZT-99")]
    public async Task BadResources_AreNamedInANack_TheOthersCount_AndReadinessWaits()
    {
        await using AdsServer server = await AdsServer.StartAsync();
        AdsConnection stream = await server.AcceptAsync();
        await stream.FirstAsync();
        Protocol.Istio.Workload.Address legacy = Wire.Workload("legacy");
        legacy.Workload.TunnelProtocol = Protocol.Istio.Workload.TunnelProtocol.LegacyIstioMtls;

        await stream.SendAsync(TypeUrls.Authorization, "0", []);
        await stream.NextAsync();
        await stream.SendAsync(TypeUrls.Address, "1", [("good", Wire.Workload("good")), ("legacy", legacy), ("empty", null)]);
        DeltaDiscoveryRequest nack = await stream.NextAsync();

        Assert.Equal("legacy: tunnel_protocol: unknown value LegacyIstioMtls; empty: XDS payload without resource", nack.ErrorDetail.Message);
        Assert.Equal((0, "1", TypeUrls.Address), (nack.ErrorDetail.Code, nack.ResponseNonce, nack.TypeUrl));
        Assert.NotNull(server.State.Current.FindWorkloadByUid("good"));
        Assert.False(server.Client.Ready.IsCompleted);
        await stream.SendAsync(TypeUrls.Address, "2", []);
        await stream.NextAsync();
        await server.Client.Ready.WaitAsync(Limit);
    }

    [Fact]
    public async Task OnDemand_SubscribesToNothing_AsksByName_AndWakesEveryAsker()
    {
        await using AdsServer server = await AdsServer.StartAsync(options => options with { OnDemand = true });
        AdsConnection stream = await server.AcceptAsync();
        (DeltaDiscoveryRequest address, DeltaDiscoveryRequest authorization) = await stream.FirstAsync();
        Assert.Equal(["*"], address.ResourceNamesSubscribe);
        Assert.Equal(["*"], address.ResourceNamesUnsubscribe);
        Assert.Empty(authorization.ResourceNamesSubscribe);
        await stream.SendAsync(TypeUrls.Authorization, "1", []);
        await stream.NextAsync();
        await server.Client.Ready.WaitAsync(Limit);

        Task<bool>[] askers = [.. Enumerable.Range(0, 3).Select(_ => server.Client.DemandAsync("/10.0.0.1", CancellationToken.None))];
        DeltaDiscoveryRequest ask = await stream.NextAsync();
        Assert.Equal(["/10.0.0.1"], ask.ResourceNamesSubscribe);
        Assert.Equal((null, "", 0), (ask.Node, ask.ResponseNonce, ask.InitialResourceVersions.Count));
        Assert.DoesNotContain(askers, asker => asker.IsCompleted);
        await stream.SendAsync(TypeUrls.Address, "2", [("/10.0.0.1", Wire.Workload("w1", 10, 0, 0, 1))]);

        bool[] answers = await Task.WhenAll(askers).WaitAsync(Limit);
        Assert.Equal([true, true, true], answers);
        Assert.NotNull(server.State.Current.FindWorkloadByUid("w1"));
        Task<bool> unnamed = server.Client.DemandAsync("/10.0.0.2", CancellationToken.None);
        await stream.NextAsync();
        await stream.SendAsync(TypeUrls.Address, "2b", [("w2", Wire.Workload("w2", 10, 0, 0, 2))]);
        Assert.True(await unnamed.WaitAsync(Limit));
        await stream.NextAsync();
        Task<bool> absent = server.Client.DemandAsync("ns/absent", CancellationToken.None);
        Assert.Equal(TypeUrls.Address, (await stream.NextAsync()).TypeUrl);
        await stream.SendAsync(TypeUrls.Address, "3", [], "ns/absent");
        Assert.True(await absent.WaitAsync(Limit));
    }

    [Fact]
    public async Task OnDemand_GivesUpAfterTheLimit_AndNamesWhatItWaitsForAfterAReconnect()
    {
        await using AdsServer server = await AdsServer.StartAsync(options => options with { OnDemand = true, OnDemandLimit = TimeSpan.FromSeconds(3) });
        AdsConnection first = await server.AcceptAsync();
        await first.FirstAsync();
        Task<bool> asker = server.Client.DemandAsync("/10.0.0.1", CancellationToken.None);
        await first.NextAsync();
        first.End();

        AdsConnection second = await server.AcceptAsync();
        Assert.Equal(new Dictionary<string, string> { ["/10.0.0.1"] = "" }, (await second.FirstAsync()).Address.InitialResourceVersions);
        Assert.False(await asker.WaitAsync(Limit));
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 1 }, "Internal: the stream ended after 1 of a message's 9 bytes")]
    [InlineData(new byte[] { 0, 0, 0, 0, 2, 0xFF, 0xFF }, "cannot be parsed")]
    [InlineData(new byte[] { 0, 0xFF, 0, 0, 2, 0xFF, 0xFF }, "ResourceExhausted")]
    [InlineData(new byte[] { (byte)'H', (byte)'T', (byte)'T', (byte)'P', 0 }, "unknown flags")]
    public async Task Garbage_EndsTheStream_KeepsTheState_AndIsFollowedByAnother(byte[] bytes, string reason)
    {
        await using AdsServer server = await AdsServer.StartAsync();
        AdsConnection stream = await server.AcceptAsync();
        await stream.FirstAsync();
        await stream.SendAsync(TypeUrls.Address, "1", [("w1", Wire.Workload("w1"))]);
        await stream.NextAsync();

        await stream.SendRawAsync(bytes);
        stream.End();

        AdsConnection next = await server.AcceptAsync();
        Assert.Single((await next.FirstAsync()).Address.InitialResourceVersions);
        Assert.NotNull(server.State.Current.FindWorkloadByUid("w1"));
        (StreamEnd end, string detail) = server.Observer.Ends.Single();
        Assert.Equal(StreamEnd.Error, end);
        Assert.Contains(reason, detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServerThatDies_IsCalledAgain()
    {
        await using AdsServer server = await AdsServer.StartAsync();
        AdsConnection stream = await server.AcceptAsync();
        await stream.FirstAsync();
        stream.Reset();

        await (await server.AcceptAsync()).FirstAsync();
        Assert.Single(server.Observer.Ends);
    }

    [Fact]
    public async Task ServerThatReadsNothingAndDies_IsCalledAgain()
    {
        await using AdsServer server = await AdsServer.StartAsync(options => options with { OnDemand = true });
        AdsConnection stream = await server.AcceptAsync();
        await stream.FirstAsync();

        // A name that the connection's window does not hold; once it is under way, as many as our queue holds.
        _ = server.Client.DemandAsync("ns/" + new string('x', 8_000_000), CancellationToken.None);
        ReadResult begun = await stream.Context.Request.BodyReader.ReadAsync().AsTask().WaitAsync(Limit);
        stream.Context.Request.BodyReader.AdvanceTo(begun.Buffer.Start);
        for (int n = 0; n < 1_000; n++)
        {
            _ = server.Client.DemandAsync($"ns/{n}", CancellationToken.None);
        }

        // The answer to this finds no room.
        await stream.SendAsync(TypeUrls.Address, "1", [("w1", Wire.Workload("w1"))]);
        await Eventually.TrueAsync(() => server.State.Current.FindWorkloadByUid("w1") is not null);
        stream.Reset();

        AdsConnection next = await server.AcceptAsync();
        Assert.Contains("w1", (await next.FirstAsync()).Address.InitialResourceVersions.Keys);
    }

    [Fact]
    public async Task UnreadableRoots_AreRetriedWithGrowingWaits()
    {
        var observer = new WaitObserver();
        var options = new AdsClientOptions
        {
            MakeChannel = () => new GrpcChannel(new GrpcChannelOptions { Address = new Uri("https://localhost:1"), Roots = ServerRoots.FromFile("/does/not/exist") }, TimeProvider.System),
            Node = new Node(),
            Observer = observer,
            Jitter = 0,
        };
        using var stop = new CancellationTokenSource();
        var client = new AdsClient(options, new Mesh.Views.MeshState(), TimeProvider.System);
        Task running = client.RunAsync(stop.Token);

        await observer.Third.Task.WaitAsync(Limit);
        await stop.CancelAsync();
        await running.WaitAsync(Limit);

        Assert.Equal([20, 40, 80], observer.Waits.Take(3).Select(wait => wait.TotalMilliseconds));
        Assert.Contains("/does/not/exist", observer.Detail, StringComparison.Ordinal);
    }

    private sealed class WaitObserver : AdsObserver
    {
        public List<TimeSpan> Waits { get; } = [];

        public string Detail { get; private set; } = "";

        public TaskCompletionSource Third { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void OnTerminated(StreamEnd end, string detail, TimeSpan wait)
        {
            Waits.Add(wait);
            Detail = detail;
            if (Waits.Count == 3)
            {
                Third.TrySetResult();
            }
        }
    }
}
