using System.Net.Sockets;
using Ambient.Component.Tests.Interop;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Clusters;

/// <summary>Application → ztunnel → gateway of another network → ztunnel → application: two tunnels, one inside the other, all of it real.</summary>
public sealed class TwoNetworksTests
{
    private const string OnlyClient = "{name: p, namespace: bench, scope: WorkloadSelector, action: Allow, rules: [[[{principals: [{Exact: cluster.local/ns/bench/sa/client}]}]]]}";
    private const string NobodyOfClients = "{name: p, namespace: bench, scope: WorkloadSelector, action: Deny, rules: [[[{principals: [{Exact: cluster.local/ns/bench/sa/client}]}]]]}";

    [RequiresToolFact("nft", root: true)]
    public async Task ServiceOfAnotherNetwork_IsReachedThroughItsGateway_AndTheCallerKeepsItsIdentity()
    {
        await using TwoNetworks mesh = await TwoNetworks.StartAsync(policy: OnlyClient);
        using EchoServer echo = EchoServer.Start(mesh.Pair.Server, MeshPair.Port);
        for (int i = 0; i < 5; i++)
        {
            using Socket client = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);
            Echo(client, 200_000);
        }

        Assert.Contains("src.identity=\"spiffe://cluster.local/ns/bench/sa/client\"", await mesh.Pair.ServerProxy.LineAsync("direction=\"inbound\""), StringComparison.Ordinal);
        Assert.Contains($"{mesh.Pair.Server.Address}:15008", await mesh.Gateway.LineAsync("crossed"), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task PolicyOfTheEndpoint_IsAppliedToTheCaller()
    {
        await using TwoNetworks mesh = await TwoNetworks.StartAsync(policy: NobodyOfClients);
        using EchoServer echo = EchoServer.Start(mesh.Pair.Server, MeshPair.Port);
        using Socket client = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);
        Assert.True(IsEnded(client));
        Assert.Contains("policy", await mesh.Pair.ServerProxy.LineAsync("direction=\"inbound\""), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task ServiceThatIsNotGlobal_IsNotReached()
    {
        await using TwoNetworks mesh = await TwoNetworks.StartAsync(isServed: false);
        using EchoServer echo = EchoServer.Start(mesh.Pair.Server, MeshPair.Port);
        using Socket client = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);
        Assert.True(IsEnded(client));
        await mesh.Gateway.LineAsync("crossing failed");
    }

    [RequiresToolFact("nft", root: true)]
    public async Task GatewayThatDies_IsLeftForLocalEndpoints_AndAClusterThatLeavesTakesItsOwn()
    {
        await using TwoNetworks mesh = await TwoNetworks.StartAsync();
        VirtualPod local = mesh.Pair.Client.Node.AddPod("local");
        await mesh.Pair.ReplaceModelAsync(mesh.Model("", isFar: true, local), "near//Pod/bench/local", mesh.Pair.Client);
        await mesh.Pair.ServeAsync(local, ("NETWORK", "near"));
        using EchoServer here = EchoServer.Start(local, MeshPair.Port);
        await mesh.Gateway.DisposeAsync();

        // Which of the two is picked first is a coin's throw; the gateway never answers. That it is never picked happens once in sixteen million runs.
        for (int i = 0; i < 24; i++)
        {
            using Socket client = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);
            Echo(client, 1000);
        }

        mesh.Pair.WriteText(mesh.Model("", isFar: false, local));
        await Eventually.TrueAsync(async () => !await mesh.KnowsFarAsync());
        using Socket after = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);
        Echo(after, 1000);
    }

    private static void Echo(Socket client, int length)
    {
        byte[] sent = new byte[length], received = new byte[length];
        new Random(length).NextBytes(sent);
        client.ReceiveTimeout = client.SendTimeout = 20_000;
        Task sending = Task.Run(() => client.Send(sent));
        int at = 0;
        while (at < length && client.Receive(received.AsSpan(at)) is int read and > 0)
        {
            at += read;
        }

        sending.Wait();
        Assert.Equal(length, at);
        Assert.Equal(sent, received);
    }

    private static bool IsEnded(Socket client)
    {
        client.ReceiveTimeout = 20_000;
        try
        {
            client.Send("x"u8);
            return client.Receive(new byte[1]) == 0;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown;
        }
    }
}
