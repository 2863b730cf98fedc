using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>One ztunnel in the node's namespace serves the pods that the node agent hands to it.</summary>
public sealed class SharedModeTests
{
    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "ZT-273")]
    [Trait("behaviour", "ZT-295")]
    public async Task TwoPodsOfOneNode_TalkThroughTheTunnel()
    {
        await using MeshPair mesh = await MeshPair.StartSharedAsync();
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        using Socket server = await MeshPair.AcceptAsync(listener);
        Assert.Equal(mesh.Client.Address, ((IPEndPoint)server.RemoteEndPoint!).Address);
        client.Send("hello world"u8);
        byte[] buffer = new byte[11];
        Assert.Equal(11, server.Receive(buffer));
        Assert.Equal("hello world", Encoding.ASCII.GetString(buffer));
        server.Send("you said: hello world."u8);
        server.Close();
        await Eventually.TrueAsync(() => client.Available == 22);
        client.Close();
        await mesh.ClientProxy.LineAsync("direction=\"outbound\"");
        string inbound = await mesh.ClientProxy.LineAsync("direction=\"inbound\"");
        Assert.Contains("src.identity=\"spiffe://cluster.local/ns/bench/sa/client\"", inbound, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft, curl", root: true)]
    [Trait("behaviour", "ZT-291")]
    public async Task ScraperOfTheMesh_ReachesTheProxysMetricsThroughTheTunnel()
    {
        await using MeshPair mesh = await MeshPair.StartSharedAsync(new MeshPlan { ClientSettings = MeshPlan.OwnPod });
        IPAddress proxy = mesh.Client.Node.Address;

        string metrics = await mesh.Network.RunAsync(mesh.Client, "curl", "-sS", "--max-time", "10", $"http://{proxy}:15020/metrics");

        Assert.Contains("istio_build{", metrics, StringComparison.Ordinal);
        string inbound = await mesh.ClientProxy.LineAsync("direction=\"inbound\"");
        Assert.Contains($"dst.addr={proxy}:15008 dst.hbone_addr={proxy}:15020", inbound, StringComparison.Ordinal);
        Assert.Contains("src.identity=\"spiffe://cluster.local/ns/bench/sa/client\"", inbound, StringComparison.Ordinal);
        Assert.Contains("dst.identity=\"spiffe://cluster.local/ns/mesh/sa/ztunnel\"", inbound, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "ZT-286")]
    public async Task RemovedPod_IsServedNoMore_AndItsConnectionsEnd()
    {
        await using MeshPair mesh = await MeshPair.StartSharedAsync();
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        using Socket server = await MeshPair.AcceptAsync(listener);

        mesh.Agent!.Remove(mesh.Server);
        Assert.Equal(SocketError.ConnectionReset, Assert.Throws<SocketException>(() => client.Receive(new byte[1])).SocketErrorCode);
        Assert.Equal(SocketError.ConnectionReset, Assert.Throws<SocketException>(() => server.Receive(new byte[1])).SocketErrorCode);

        using Socket later = MeshPair.Connect(mesh.Client, MeshPair.Service);
        Assert.Equal(SocketError.ConnectionReset, Assert.Throws<SocketException>(() => later.Receive(new byte[1])).SocketErrorCode);
    }
}
