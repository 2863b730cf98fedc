using System.Net.Sockets;
using Ambient.Component.Tests.Interop;
using Ambient.Testing.Facts;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>
/// A Service with a good endpoint and one that fails in some way: the application gets the good one, whichever was picked first. The
/// second endpoint's address is that of a pod without a proxy.
/// </summary>
public sealed class FailoverTests
{
    private const int Connections = 24;

    [RequiresToolFact("nft", root: true)]
    public async Task EndpointThatRefuses_IsReplacedByAnother()
    {
        await using MeshPair mesh = await StartAsync();
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        for (int i = 0; i < Connections; i++)
        {
            using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
            Echo(client);
        }

        // A fair coin shows its other side once in two dozen throws, but for one run in sixteen million.
        string line = await mesh.ClientProxy.LineAsync("another endpoint is tried");
        Assert.Contains($"dst.addr={mesh.Stranger.Address}:15008", line, StringComparison.Ordinal);
        string metrics = await mesh.GetAsync(mesh.Client, 15020, "/metrics");
        Assert.Contains("istio_tcp_connections_opened_total{", metrics, StringComparison.Ordinal);
        Assert.Matches("istio_tcp_connections_closed_total\\{[^}]*destination_workload=\"broken\"[^}]*response_flags=\"CONNECT\"[^}]*\\} [1-9]", metrics);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task EndpointThatIsSilent_IsLeftWhenItLeavesTheMesh()
    {
        await using MeshPair mesh = await StartAsync();
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);

        // It accepts, and never begins the handshake.
        using Socket silent = MeshPair.Listen(mesh.Stranger, 15008);
        Socket[] clients = [.. Enumerable.Range(0, Connections).Select(_ => MeshPair.Connect(mesh.Client, MeshPair.Service))];
        try
        {
            using Socket caught = await MeshPair.AcceptAsync(silent);
            await mesh.ReplaceModelAsync(Model(mesh, withBroken: false, marker: "cart2.bench"), "cart2.bench", mesh.Client);
            Array.ForEach(clients, Echo);

            Assert.Contains("the endpoint was removed before it had answered", await mesh.ClientProxy.LineAsync("another endpoint is tried"), StringComparison.Ordinal);
        }
        finally
        {
            Array.ForEach(clients, c => c.Dispose());
        }
    }

    [RequiresToolFact("nft", root: true)]
    public async Task EndpointInPlainText_NeverReplacesATunnel()
    {
        await using MeshPair mesh = await MeshPair.StartOneSidedAsync(client: true);
        await mesh.ReplaceModelAsync(Model(mesh, withBroken: true, marker: "cart2.bench", brokenProtocol: "TCP"), "cart2.bench", mesh.Client);

        // The server has no proxy here, so its tunnel fails; the plain endpoint would work.
        using EchoServer plain = EchoServer.Start(mesh.Stranger, MeshPair.Port);
        int failed = 0;
        for (int i = 0; i < Connections; i++)
        {
            using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
            failed += IsEnded(client) ? 1 : 0;
        }

        Assert.InRange(failed, 1, Connections);
        Assert.DoesNotContain("another endpoint is tried", mesh.ClientProxy.Log, StringComparison.Ordinal);
    }

    private static async Task<MeshPair> StartAsync()
    {
        MeshPair mesh = await MeshPair.StartAsync();
        try
        {
            await mesh.ReplaceModelAsync(Model(mesh, withBroken: true, marker: "cart1.bench"), "cart1.bench", mesh.Client, mesh.Server);
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    private static void Echo(Socket client)
    {
        client.Send("hello"u8);
        byte[] answer = new byte[5];
        for (int n = 0; n < answer.Length;)
        {
            int read = client.Receive(answer, n, answer.Length - n, SocketFlags.None);
            Assert.NotEqual(0, read);
            n += read;
        }

        Assert.Equal("hello"u8.ToArray(), answer);
    }

    private static bool IsEnded(Socket client)
    {
        try
        {
            client.Send("x"u8);
            return client.Receive(new byte[1]) == 0;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            return true;
        }
    }

    private static string Model(MeshPair mesh, bool withBroken, string marker, string brokenProtocol = "HBONE")
    {
        string member = "services: {\"bench/cart.bench.svc.cluster.local\": {9000: 9000} }";
        string broken = withBroken
            ? $$$"""- {uid: c//Pod/bench/broken, name: broken, workloadName: broken, namespace: bench, trustDomain: cluster.local, serviceAccount: server, workloadIps: ["{{{mesh.Stranger.Address}}}"], protocol: {{{brokenProtocol}}}, {{{member}}} }"""
            : "";
        return $$$"""
            services:
            - {name: cart, namespace: bench, hostname: cart.bench.svc.cluster.local, vips: ["/{{{MeshPair.Service.Address}}}"], ports: {9000: 9000}}
            - {name: marker, namespace: bench, hostname: {{{marker}}}, vips: ["/10.96.0.77"], ports: {1: 1}}
            workloads:
            - {uid: c//Pod/bench/client, name: client, namespace: bench, trustDomain: cluster.local, serviceAccount: client, workloadIps: ["{{{mesh.Client.Address}}}"], protocol: HBONE, services: {} }
            - {uid: c//Pod/bench/server, name: server, namespace: bench, trustDomain: cluster.local, serviceAccount: server, workloadIps: ["{{{mesh.Server.Address}}}"], protocol: HBONE, {{{member}}} }
            {{{broken}}}
            """;
    }
}
