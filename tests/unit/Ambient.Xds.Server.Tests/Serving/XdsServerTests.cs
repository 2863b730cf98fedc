using Ambient.Grpc.Client;
using Ambient.Grpc.Framing;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Protocol.Istio.Workload;
using Ambient.Testing.Waiting;
using Ambient.Xds.Server.Resources;
using Ambient.Xds.Server.Serving;
using Google.Protobuf;
using Address = Ambient.Protocol.Istio.Workload.Address;

namespace Ambient.Xds.Server.Tests.Serving;

/// <summary>The server with ztunnel's own client, over TLS.</summary>
public sealed class XdsServerTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Client_FollowsTheStore()
    {
        await using ServedMesh mesh = await ServedMesh.StartAsync();
        await using ServedMesh.RunningClient client = mesh.Connect();
        await client.Client.Ready.WaitAsync(Limit);
        Assert.Null(client.State.Current.FindWorkloadByUid("w1"));

        mesh.Store.Apply([Make.Workload("w1", 1), Make.Service("s", 1), Make.Policy("p")]);
        await Eventually.TrueAsync(() => client.State.Current.FindWorkloadByUid("w1") is not null);
        mesh.Store.Apply([Make.NoAddress("w1")]);
        await Eventually.TrueAsync(() => client.State.Current.FindWorkloadByUid("w1") is null);
        await Eventually.TrueAsync(() => mesh.Clients.Single().Types.All(type => type.AckedSequence == mesh.Store.Sequence || type.TypeUrl == Make.PolicyType));
        XdsClientStatus status = mesh.Clients.Single();
        Assert.Equal(("ztunnel~1.1.1.1~zt.istio-system~istio-system.svc.cluster.local", "n1"), (status.Id, status.Node));
    }

    [Fact]
    public async Task ReconnectingClient_WithCurrentState_ReceivesNothingAgain()
    {
        await using ServedMesh mesh = await ServedMesh.StartAsync();
        mesh.Store.Apply(Enumerable.Range(1, 100).Select(i => Make.Workload("w" + i, (byte)i)).Append(Make.Policy("p")));
        await using ServedMesh.RunningClient client = mesh.Connect();
        await client.Client.Ready.WaitAsync(Limit);
        await Eventually.TrueAsync(() => mesh.Observer.SentResources == 101);
        int before = client.Responses;

        await mesh.RestartAsync();
        await Eventually.TrueAsync(() => client.Responses >= before + 2, Limit);

        Assert.Equal(101, mesh.Observer.SentResources);
        Assert.NotEmpty(client.Ends);
        mesh.Store.Apply([Make.Workload("w7", 77)]);
        await Eventually.TrueAsync(() => mesh.Observer.SentResources == 102);
    }

    [Fact]
    public async Task RefusedResource_IsLoggedByName_AndTheStreamGoesOn()
    {
        await using ServedMesh mesh = await ServedMesh.StartAsync();
        await using ServedMesh.RunningClient client = mesh.Connect();
        await client.Client.Ready.WaitAsync(Limit);

        var bad = new Address { Workload = new Workload { Uid = "bad", Name = "bad", Namespace = "ns", Addresses = { ByteString.CopyFrom(1, 2, 3) } } };
        mesh.Store.Apply([new ResourceChange(Make.AddressType, "bad", new ResourceContent { Message = bad }), Make.Workload("good", 1)]);

        await Eventually.TrueAsync(() => !mesh.Observer.Refusals.IsEmpty);
        Assert.Contains("bad", mesh.Observer.Refusals.Single(), StringComparison.Ordinal);
        Assert.NotNull(client.State.Current.FindWorkloadByUid("good"));
        Assert.Contains("bad", mesh.Clients.Single().Types.Single(type => type.TypeUrl == Make.AddressType).Refusal, StringComparison.Ordinal);
        int sent = mesh.Observer.SentResources;
        mesh.Store.Apply([Make.Workload("good", 2)]);
        await Eventually.TrueAsync(() => mesh.Clients.Single().Types.All(type => type.Refusal is null));
        Assert.Equal(sent + 1, mesh.Observer.SentResources);

        // It took another resource; the one that it refused it still has not.
        Assert.Equal("bad", Refused().Single().Key);
        Assert.Equal("istio-system", mesh.Clients.Single().Identities.Single().Namespace);
        mesh.Store.Apply([Make.Workload("bad", 3)]);
        await Eventually.TrueAsync(() => Refused().Count == 0 && mesh.Clients.Single().Types.All(static type => type.AwaitingSince is null));

        IReadOnlyList<KeyValuePair<string, string>> Refused() => mesh.Clients.Single().Types.Single(static type => type.TypeUrl == Make.AddressType).Refused;
    }

    [Fact]
    public async Task OneCaller_HasSoManyStreams_AndGivesThemBack()
    {
        await using ServedMesh mesh = await ServedMesh.StartAsync(change: static options => options with { MaxStreamsOfPod = 2 });
        await using ServedMesh.RunningClient first = mesh.Connect();
        await first.Client.Ready.WaitAsync(Limit);
        await using (ServedMesh.RunningClient second = mesh.Connect())
        {
            await second.Client.Ready.WaitAsync(Limit);
            await using ServedMesh.RunningClient third = mesh.Connect();
            await Eventually.TrueAsync(() => third.Ends.Any(static end => end.Contains("this caller has as many streams as one may have", StringComparison.Ordinal)), Limit);
        }

        await Eventually.TrueAsync(() => mesh.Clients.Count == 1, Limit);
        await using ServedMesh.RunningClient later = mesh.Connect();
        await later.Client.Ready.WaitAsync(Limit);
    }

    [Fact]
    public async Task ClientsThatLeave_WhileAllAreToldAndListed_StopNeither()
    {
        await using ServedMesh mesh = await ServedMesh.StartAsync(change: static options => options with { Quiet = TimeSpan.Zero, MaxStreamsOfPod = 100 });
        await using ServedMesh.RunningClient stays = mesh.Connect();
        await stays.Client.Ready.WaitAsync(Limit);
        using var left = new CancellationTokenSource();
        Task asking = Task.Run(() =>
        {
            for (byte i = 0; !left.IsCancellationRequested; i++)
            {
                mesh.Store.Apply([Make.Workload("w", i)]);
                Assert.All(mesh.Clients, static client => Assert.Contains(':', client.Peer));
            }
        });
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            for (int i = 0; i < 10; i++)
            {
                await using ServedMesh.RunningClient leaves = mesh.Connect();
                await leaves.Client.Ready.WaitAsync(Limit);
            }
        }));
        await left.CancelAsync();
        await asking;

        mesh.Store.Apply([Make.Workload("last", 1)]);
        await Eventually.TrueAsync(() => stays.State.Current.FindWorkloadByUid("last") is not null);
    }

    [Theory]
    [InlineData("bad", "istio-system", "Unauthenticated: the caller is not known")]
    [InlineData("good", "other", "PermissionDenied: the caller may not act for the namespace or service account of this node id")]
    public async Task Stranger_IsRefused(string token, string podNamespace, string expected)
    {
        await using ServedMesh mesh = await ServedMesh.StartAsync();
        await using ServedMesh.RunningClient client = mesh.Connect(podNamespace, token);

        await Eventually.TrueAsync(() => !client.Ends.IsEmpty);

        Assert.Equal("Error: " + expected, client.Ends.First());
        Assert.Equal(0, client.Responses);
    }

    [Fact]
    public async Task EarlyClient_ComesAgain()
    {
        await using ServedMesh mesh = await ServedMesh.StartAsync();
        mesh.IsReady = false;
        await using ServedMesh.RunningClient client = mesh.Connect();
        await Eventually.TrueAsync(() => !client.Ends.IsEmpty);
        Assert.StartsWith("Reconnect: Unavailable: transport is closing", client.Ends.First(), StringComparison.Ordinal);

        mesh.IsReady = true;
        await client.Client.Ready.WaitAsync(Limit);
    }

    [Fact]
    public async Task FirstRequestWithoutNode_IsInvalid()
    {
        await using ServedMesh mesh = await ServedMesh.StartAsync();
        using GrpcChannel channel = mesh.Channel();
        await using GrpcCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call =
            await channel.OpenAsync<DeltaDiscoveryRequest, DeltaDiscoveryResponse>(XdsServer.Path, DeltaDiscoveryResponse.Parser, CancellationToken.None);
        await call.SendAsync(new DeltaDiscoveryRequest { TypeUrl = Make.AddressType }, CancellationToken.None);

        GrpcException error = await Assert.ThrowsAsync<GrpcException>(async () => await call.ReadAsync(CancellationToken.None));

        Assert.Equal((GrpcCode.InvalidArgument, "the first request has no node id"), (error.Code, error.Detail));
    }

    [Fact]
    public async Task ClientThatDoesNotRead_CatchesUpWithTheLatestState_NotWithHistory()
    {
        await using ServedMesh mesh = await ServedMesh.StartAsync();
        using GrpcChannel channel = mesh.Channel();
        await using GrpcCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call =
            await channel.OpenAsync<DeltaDiscoveryRequest, DeltaDiscoveryResponse>(XdsServer.Path, DeltaDiscoveryResponse.Parser, CancellationToken.None);
        await call.SendAsync(new DeltaDiscoveryRequest { TypeUrl = Make.AddressType, Node = new Node { Id = "ztunnel~1~zt.istio-system~istio-system.svc" } }, CancellationToken.None);
        Assert.Empty((await call.ReadAsync(CancellationToken.None))!.Resources);

        // Two hundred states of one megabyte each, told one after the other while nobody reads.
        const int States = 200;
        for (uint state = 1; state <= States; state++)
        {
            long sequence = mesh.Store.Sequence;
            mesh.Store.Apply(Enumerable.Range(0, 250).Select(i => Large("w" + i, state)));
            await Eventually.TrueAsync(() => mesh.Store.Sequence > sequence);
        }

        var held = new Dictionary<string, string>(StringComparer.Ordinal);
        int responses = 0;
        while (!mesh.Store.Versions(Make.AddressType).All(pair => held.TryGetValue(pair.Key, out string? version) && version == pair.Value))
        {
            DeltaDiscoveryResponse response = (await call.ReadAsync(CancellationToken.None).WaitAsync(Limit))!;
            responses++;
            foreach (Resource resource in response.Resources)
            {
                held[resource.Name] = resource.Version;
            }
        }

        Assert.InRange(responses, 1, States / 4);
    }

    private static ResourceChange Large(string uid, uint state) => new(
        Make.AddressType,
        uid,
        new ResourceContent { Message = new Address { Workload = new Workload { Uid = uid, Name = uid, Namespace = "ns", CanonicalRevision = new string('x', 4000) + state } } });
}
