using System.Net.Sockets;
using Ambient.Component.Tests.Interop;
using Ambient.Component.Tests.Waypoints;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Protocol.L7;
using Ambient.Testing.Facts;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Clusters;

/// <summary>
/// Application → ztunnel → waypoint → gateway of another network → ztunnel → application: the waypoint is who tunnels through the gateway, all of it real.
/// </summary>
public sealed class NearWaypointTests
{
    private const string Request = "GET / HTTP/1.1\r\nhost: cart\r\n\r\n";
    private const string OnlyWaypoint = "{name: p, namespace: bench, scope: WorkloadSelector, action: Allow, rules: [[[{principals: [{Exact: cluster.local/ns/bench/sa/waypoint}]}]]]}";
    private const string NoWaypoint = "{name: p, namespace: bench, scope: WorkloadSelector, action: Deny, rules: [[[{principals: [{Exact: cluster.local/ns/bench/sa/waypoint}]}]]]}";

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-22")]
    public async Task EndpointsOfAnotherNetwork_AreReachedThroughItsGateway_ByTheWaypointItself()
    {
        // The service has a waypoint there as well, which nobody runs: who has applied routes and policies already is led past it.
        await using TwoNetworks mesh = await TwoNetworks.StartAsync(policy: OnlyWaypoint, farWaypoint: System.Net.IPAddress.Parse("10.254.254.254"));
        NearWaypoint waypoint = await NearWaypoint.StartAsync(mesh, PortProtocol.Http, OnlyWaypoint);
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, MeshPair.Port, "far");
        using Socket client = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);
        for (int i = 0; i < 5; i++)
        {
            Assert.Contains("X-Backend: far", WaypointMesh.Ask(client, Request), StringComparison.OrdinalIgnoreCase);
        }

        Assert.Contains($"{mesh.Pair.Stranger.Address}:15008", await mesh.Pair.GetAsync(waypoint.Pod, 15000, "/clusters"), StringComparison.Ordinal);

        // What it keeps for further requests is told when it ends, and nothing holds it up.
        waypoint.Proxy.Process.Signal(15);
        await waypoint.Proxy.Process.Exited.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System);
        Assert.Equal(0, waypoint.Proxy.Process.ExitCode);
        Assert.DoesNotContain("defect", waypoint.Proxy.Log, StringComparison.Ordinal);
        Assert.Contains("src.identity=\"spiffe://cluster.local/ns/bench/sa/waypoint\"", await mesh.Pair.ServerProxy.LineAsync("direction=\"inbound\""), StringComparison.Ordinal);
        string crossed = await mesh.Gateway.LineAsync($"upstream=\"{mesh.Pair.Server.Address}:15008\"");
        Assert.Contains("ns/bench/sa/waypoint", crossed, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task ConnectionsWithoutHttp_CrossWhole_AndEndAsTheyShould()
    {
        await using TwoNetworks mesh = await TwoNetworks.StartAsync();
        await NearWaypoint.StartAsync(mesh, PortProtocol.Tcp);
        using EchoServer echo = EchoServer.Start(mesh.Pair.Server, MeshPair.Port);
        for (int i = 0; i < 3; i++)
        {
            using Socket client = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);
            await EchoServer.ExchangeAsync(client, 2);
        }
    }

    [RequiresToolFact("nft", root: true)]
    public async Task WhoeverIsNoMemberOfTheService_GetsNothingAtTheFarEnd()
    {
        await using TwoNetworks mesh = await TwoNetworks.StartAsync();
        NearWaypoint waypoint = await NearWaypoint.StartAsync(mesh, PortProtocol.Http, member: "another");
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, MeshPair.Port, "far");
        using Socket client = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);
        Assert.StartsWith("HTTP/1.1 503", WaypointMesh.Ask(client, Request), StringComparison.Ordinal);
        Assert.Contains("sa/server", await waypoint.Proxy.LineAsync("503"), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task PolicyOfTheEndpoint_IsAppliedToTheWaypoint()
    {
        await using TwoNetworks mesh = await TwoNetworks.StartAsync(policy: NoWaypoint);
        await NearWaypoint.StartAsync(mesh, PortProtocol.Http, NoWaypoint);
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, MeshPair.Port, "far");
        using Socket client = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);
        Assert.StartsWith("HTTP/1.1 503", WaypointMesh.Ask(client, Request), StringComparison.Ordinal);
        Assert.Contains("policy", await mesh.Pair.ServerProxy.LineAsync("direction=\"inbound\""), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task GatewayThatIsGone_CostsNoRequest_WhileSomebodyIsNear()
    {
        await using TwoNetworks mesh = await TwoNetworks.StartAsync();
        VirtualPod local = mesh.Pair.Client.Node.AddPod("local");
        await mesh.Pair.ReplaceModelAsync(mesh.Model("", isFar: true, local), "near//Pod/bench/local", mesh.Pair.Client);
        await mesh.Pair.ServeAsync(local, ("NETWORK", "near"));
        using HttpBackend far = HttpBackend.Start(mesh.Pair.Server, MeshPair.Port, "far"), here = HttpBackend.Start(local, MeshPair.Port, "near");
        await NearWaypoint.StartAsync(mesh, PortProtocol.Http, member: "server", local: local);
        using Socket client = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service);

        // Of a thousand and one shares a thousand are far.
        Assert.Contains(Enumerable.Range(0, 8).Select(_ => WaypointMesh.Ask(client, Request)), static answer => answer.Contains("X-Backend: far", StringComparison.OrdinalIgnoreCase));
        await mesh.Gateway.DisposeAsync();
        for (int i = 0; i < 8; i++)
        {
            Assert.Contains("X-Backend: near", WaypointMesh.Ask(client, Request), StringComparison.OrdinalIgnoreCase);
        }
    }
}
