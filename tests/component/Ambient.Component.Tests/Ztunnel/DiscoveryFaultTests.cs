using System.Net;
using Ambient.Component.Tests.ControlPlane;
using Ambient.Component.Tests.Interop;
using Ambient.Grpc.Framing;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Protocol.Istio.Workload;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Google.Protobuf;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>A control plane that sends what it should not, to a real ztunnel under traffic (ztunnel.md 4.3, 4.4): the last good state stays in force.</summary>
public sealed class DiscoveryFaultTests
{
    private static readonly IPAddress OtherVip = IPAddress.Parse("10.96.0.11");

    [RequiresRootTheory("nft")]
    [InlineData("garbage", "a message has the unknown flags 71")]
    [InlineData("half a prefix", "ended in the middle of a message's prefix")]
    [InlineData("half a message", "ended after ")]
    [InlineData("no protobuf", "cannot be parsed")]
    [InlineData("too long a message", "a message has 4294967295 bytes, allowed are ")]
    [InlineData("death", "error 2")]
    [InlineData("refusal", "PermissionDenied: go away")]
    public async Task BrokenStream_TrafficGoesOn_AndTheNextStreamBeginsWithWhatIsHeld(string fault, string detail)
    {
        await using var discovery = new ScriptedDiscovery();
        await using MeshPair mesh = await MeshPair.StartAsync(discovery.Plan());
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        DiscoveryStream stream = await discovery.AcceptAsync();
        await using SteadyTraffic traffic = SteadyTraffic.Start(mesh.Client, MeshPair.Service);
        await traffic.MoreAsync();

        switch (fault)
        {
            case "garbage":
                await stream.SendRawAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
                break;
            case "half a prefix":
                await stream.SendRawAsync([0, 0, 0]);
                await stream.EndAsync(GrpcCode.Ok, "");
                break;
            case "half a message":
                byte[] whole = MessageWriter.Frame(new DeltaDiscoveryResponse { TypeUrl = ScriptedDiscovery.AddressType, Nonce = "half", RemovedResources = { "c//Pod/bench/server" } });
                await stream.SendRawAsync(whole[..^1]);
                await stream.EndAsync(GrpcCode.Ok, "");
                break;
            case "no protobuf":
                await stream.SendRawAsync([0, 0, 0, 0, 4, 0xFF, 0xFF, 0xFF, 0xFF]);
                break;
            case "too long a message":
                await stream.SendRawAsync([0, 0xFF, 0xFF, 0xFF, 0xFF, 1]);
                break;
            case "death":
                stream.Cut();
                break;
            default:
                await stream.EndAsync(GrpcCode.PermissionDenied, "go away");
                break;
        }

        // Nothing is said to the next one for a while: what is held must do.
        DiscoveryStream next = await discovery.AcceptAsync();
        string line = await mesh.ClientProxy.LineAsync("stream ended; the last state stays in force");
        Assert.True(line.Contains(detail, StringComparison.Ordinal), line);
        Assert.Equal(["bench/cart.bench.svc.cluster.local", "c//Pod/bench/client", "c//Pod/bench/server"], next.First[ScriptedDiscovery.AddressType].InitialResourceVersions.Keys.Order(StringComparer.Ordinal));
        await traffic.MoreAsync();
        Assert.False(AppTalk.TryAsk(mesh.Client, new IPEndPoint(OtherVip, MeshPair.Port)));

        await next.SendAsync(ScriptedDiscovery.AddressType, "again", [ScriptedDiscovery.Service("other", OtherVip), discovery.ServerWorkload(InBoth)]);
        Assert.Null((await next.NextAsync()).ErrorDetail);
        Assert.True(AppTalk.TryAsk(mesh.Client, new IPEndPoint(OtherVip, MeshPair.Port)));
        await traffic.MoreAsync();
        await traffic.StopAsync();
    }

    [RequiresToolFact("nft", root: true)]
    public async Task BadResourceAmongGoodOnes_IsNamedInTheNack_AndTheOthersAreInForce()
    {
        await using var discovery = new ScriptedDiscovery();
        await using MeshPair mesh = await MeshPair.StartAsync(discovery.Plan());
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        DiscoveryStream stream = await discovery.AcceptAsync();
        await using SteadyTraffic traffic = SteadyTraffic.Start(mesh.Client, MeshPair.Service);
        await traffic.MoreAsync();

        // The cart that everybody uses comes again, broken; so does somebody new. Between them is good news.
        var broken = new Service { Name = "cart", Namespace = "bench", Hostname = "cart.bench.svc.cluster.local", Addresses = { new NetworkAddress { Address = ByteString.CopyFrom(1, 2, 3) } } };
        await stream.SendAsync(
            ScriptedDiscovery.AddressType,
            "mixed",
            [
                ScriptedDiscovery.Pack("bench/cart.bench.svc.cluster.local", new Address { Service = broken }),
                ScriptedDiscovery.Service("other", OtherVip),
                new Resource { Name = "c//Pod/bench/nobody", Version = "1" },
                discovery.ServerWorkload(InBoth),
            ]);
        DeltaDiscoveryRequest answer = await stream.NextAsync();

        Assert.Equal(("mixed", ScriptedDiscovery.AddressType), (answer.ResponseNonce, answer.TypeUrl));
        string reasons = answer.ErrorDetail.Message;
        Assert.StartsWith("bench/cart.bench.svc.cluster.local: ", reasons, StringComparison.Ordinal);
        Assert.Contains("; c//Pod/bench/nobody: XDS payload without resource", reasons, StringComparison.Ordinal);
        Assert.DoesNotContain("other", reasons, StringComparison.Ordinal);
        Assert.Contains(reasons, (await mesh.ClientProxy.LineAsync("resources rejected; the others of the response are in force")).Replace("\\\"", "\"", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.True(AppTalk.TryAsk(mesh.Client, new IPEndPoint(OtherVip, MeshPair.Port)));
        await traffic.MoreAsync();

        // The stream lives, and a good one is taken.
        await stream.SendAsync(ScriptedDiscovery.AddressType, "good", [ScriptedDiscovery.Service("cart", MeshPair.Service.Address)]);
        answer = await stream.NextAsync();
        Assert.Equal(("good", null), (answer.ResponseNonce, answer.ErrorDetail));
        await traffic.MoreAsync();
        await traffic.StopAsync();
    }

    [RequiresToolFact("nft", root: true)]
    public async Task UnknownTypes_AreAcknowledgedAndLogged_AndTouchNothing()
    {
        await using var discovery = new ScriptedDiscovery();
        await using MeshPair mesh = await MeshPair.StartAsync(discovery.Plan());
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        DiscoveryStream stream = await discovery.AcceptAsync();
        foreach (string type in new[] { "type.googleapis.com/envoy.config.cluster.v3.Cluster", "", "istio.workload.Address", "\u0001\n\u2028" })
        {
            await stream.SendAsync(type, "n" + type.Length, [discovery.ServerWorkload(w => w.Addresses.Clear())], "c//Pod/bench/server", "bench/cart.bench.svc.cluster.local");
            DeltaDiscoveryRequest answer = await stream.NextAsync();
            Assert.Equal((type, "n" + type.Length, null), (answer.TypeUrl, answer.ResponseNonce, answer.ErrorDetail));
        }

        // The log's writer follows the answers at a distance: the lines come, but not before the acknowledgements.
        await Eventually.TrueAsync(() => Complaints() >= 4);
        Assert.True(AppTalk.TryAsk(mesh.Client, MeshPair.Service));
        await mesh.ClientProxy.LineAsync("connection complete");
        Assert.Equal(4, Complaints());

        int Complaints() => mesh.ClientProxy.Process.LogLines().Count(l => l.Contains("unknown type", StringComparison.Ordinal));
    }

    [RequiresToolFact("nft", root: true)]
    public async Task Removal_TakesTheServerAway_AndItsReturnBringsItBack()
    {
        // What the other tests rely on: that the control plane's word counts at all.
        await using var discovery = new ScriptedDiscovery();
        await using MeshPair mesh = await MeshPair.StartAsync(discovery.Plan());
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        DiscoveryStream stream = await discovery.AcceptAsync();
        Assert.True(AppTalk.TryAsk(mesh.Client, MeshPair.Service));
        await stream.SendAsync(ScriptedDiscovery.AddressType, "gone", [], "c//Pod/bench/server");
        Assert.Null((await stream.NextAsync()).ErrorDetail);
        Assert.False(AppTalk.TryAsk(mesh.Client, MeshPair.Service));
        Assert.Contains("no healthy upstream", await mesh.ClientProxy.LineAsync("error="), StringComparison.Ordinal);
        await stream.SendAsync(ScriptedDiscovery.AddressType, "back", [discovery.ServerWorkload()]);
        Assert.Null((await stream.NextAsync()).ErrorDetail);
        await Eventually.TrueAsync(() => AppTalk.TryAsk(mesh.Client, MeshPair.Service));
    }

    private static void InBoth(Workload server) =>
        server.Services["bench/other.bench.svc.cluster.local"] = new PortList { Ports = { new Port { ServicePort = 9000, TargetPort = 9000 } } };
}
