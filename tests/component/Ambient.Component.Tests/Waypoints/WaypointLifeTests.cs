using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;
using Xunit.Abstractions;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>Drains, replacements, sudden deaths and restarts of waypoints, under load and while the control plane is away.</summary>
public sealed class WaypointLifeTests(ITestOutputHelper output)
{
    private const int Terminate = 15;
    private const int Callers = 8;
    private const string Request = "GET / HTTP/1.1\r\nHost: cart\r\n\r\n";
    private const string Raw = """
        apiVersion: v1
        kind: Service
        metadata: {name: raw, namespace: bench, labels: {istio.io/use-waypoint: waypoint}}
        spec: {clusterIP: 10.96.0.30, clusterIPs: [10.96.0.30], selector: {app: server}, ports: [{name: tcp-raw, port: 9100, targetPort: 9100, protocol: TCP}]}
        """;

    private static readonly IPEndPoint Cart = new(MeshPair.Service.Address, PlaneMesh.HttpPort);

    [RequiresToolFact("nft", root: true)]
    public async Task Drain_LetsFinishWhatIsOpen_TakesNothingNew_AndEndsWithTheLast()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync(("TERMINATION_DRAIN_DURATION_SECONDS", "600"));
        mesh.Manifest("raw", Raw);
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using ScriptedBackend web = ScriptedBackend.Start(mesh.Pair.Server, 9001, async (socket, _) =>
        {
            while ((await ScriptedBackend.ReadUntilAsync(socket, "\r\n\r\n")).Length > 0)
            {
                await release.Task;
                await ScriptedBackend.SayAsync(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
        });
        using ScriptedBackend raw = ScriptedBackend.Start(mesh.Pair.Server, 9100, async (socket, _) =>
        {
            await ScriptedBackend.SayAsync(socket, "welcome");
            for (string said = await ScriptedBackend.ReadUntilAsync(socket, "\n"); said.Length > 0; said = await ScriptedBackend.ReadUntilAsync(socket, "\n"))
            {
                await ScriptedBackend.SayAsync(socket, said);
            }
        });
        Socket? tcp = null;
        await Eventually.TrueAsync(() => (tcp = Greeted(mesh.Pair.Client, new IPEndPoint(IPAddress.Parse("10.96.0.30"), 9100))) is not null);
        using Socket first = MeshPair.Connect(mesh.Pair.Client, Cart);
        Task<string> answer = Task.Run(() => WaypointMesh.Ask(first, Request));
        using HttpClient http2 = Http2(mesh.Pair.Client);
        Task<HttpResponseMessage> stream = http2.GetAsync(new Uri($"http://{Cart}/stream"));
        await Eventually.TrueAsync(() => web.Connections == 2);

        mesh.Waypoint.Process.Signal(Terminate);
        await mesh.Waypoint.LineAsync("draining");
        await Eventually.TrueAsync(() => !Reaches(mesh.Pair.Stranger, mesh.Pair.Stranger.Address));
        Assert.False(mesh.Waypoint.Process.HasExited);
        AppTalk.Say(tcp!, "still here\n");
        Assert.Equal("still here\n", AppTalk.Hear(tcp!, 11));
        release.SetResult();
        Assert.Contains("\r\nconnection: close\r\n", await answer, StringComparison.OrdinalIgnoreCase);
        AppTalk.AssertEnd(first);
        first.Dispose();
        using HttpResponseMessage late = await stream;
        Assert.Equal(HttpStatusCode.OK, late.StatusCode);
        await Assert.ThrowsAsync<HttpRequestException>(() => http2.GetAsync(new Uri($"http://{Cart}/none")));
        AppTalk.Say(tcp!, "and the last\n");
        Assert.Equal("and the last\n", AppTalk.Hear(tcp!, 13));
        Assert.False(mesh.Waypoint.Process.HasExited);

        long ended = Stopwatch.GetTimestamp();
        tcp!.Dispose();
        await mesh.Waypoint.Process.Exited.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System);
        output.WriteLine($"the process ended {Stopwatch.GetElapsedTime(ended).TotalMilliseconds:0} ms after its last connection");
        Assert.Equal(0, mesh.Waypoint.Process.ExitCode);
        Assert.Contains("requests=0", await mesh.Waypoint.LineAsync("drained: no connection is left"), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task RollingReplacement_FailsNoRequest()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync(("MINIMUM_DRAIN_DURATION", "3s"), ("TERMINATION_DRAIN_DURATION_SECONDS", "60"));
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        VirtualPod pod = mesh.Pair.Client.Node.AddPod("second");
        mesh.Replicas(("waypoint", mesh.Pair.Stranger.Address, true));
        await Eventually.TrueAsync(() => mesh.Ask(Request).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal));
        await using RequestLoad load = RequestLoad.Start(mesh.Pair.Client, Cart, Callers);
        await load.MoreAsync(200);

        // As a Deployment does it: the new one is ready, then the old one is told to go and is not ready any more.
        Peer next = mesh.StartReplica(pod, PlaneMesh.Second, ("MINIMUM_DRAIN_DURATION", "0s"));
        await next.LineAsync("waypoint is running");
        mesh.Replicas(("waypoint", mesh.Pair.Stranger.Address, true), (PlaneMesh.Second, pod.Address, true));
        await load.MoreAsync(200);
        mesh.Waypoint.Process.Signal(Terminate);
        mesh.Replicas(("waypoint", mesh.Pair.Stranger.Address, false), (PlaneMesh.Second, pod.Address, true));
        await mesh.Waypoint.Process.Exited.WaitAsync(TimeSpan.FromSeconds(50), TimeProvider.System);
        Assert.Contains("requests=0", mesh.Waypoint.Log[mesh.Waypoint.Log.IndexOf("drained: no connection is left", StringComparison.Ordinal)..], StringComparison.Ordinal);
        await load.MoreAsync(200);
        output.WriteLine($"{load.Answered} answered, {load.Retried} found their kept connection closed and were sent again");
        Assert.Empty(load.Failures);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task KilledUnderLoad_CostsNoMoreThanWhatWasUnderWay_AndTheOtherReplicaServesOn()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        VirtualPod pod = mesh.Pair.Client.Node.AddPod("second");
        Peer other = mesh.StartReplica(pod, PlaneMesh.Second);
        await other.LineAsync("waypoint is running");
        mesh.Replicas(("waypoint", mesh.Pair.Stranger.Address, true), (PlaneMesh.Second, pod.Address, true));

        // Both are in use before one of them dies.
        await Eventually.TrueAsync(async () => mesh.Ask(Request).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal) && await ServesAsync(mesh, mesh.Pair.Stranger) && await ServesAsync(mesh, pod));
        await using RequestLoad load = RequestLoad.Start(mesh.Pair.Client, Cart, Callers);
        await load.MoreAsync(200);
        await mesh.Waypoint.Process.KillAsync();

        // Nobody has told the control plane.
        await load.MoreAsync(400);
        output.WriteLine($"{load.Answered} answered, {load.Retried} sent again, {load.Failures.Length} failed: {string.Join("; ", load.Failures)}; of each client {string.Join(' ', load.Interrupted)}");

        // Each client has one request at a time: that one may be lost, and nothing after it.
        Assert.All(load.Interrupted, static times => Assert.InRange(times, 0, 1));
    }

    [RequiresToolFact("nft", root: true)]
    public async Task Restart_WhileTheControlPlaneIsAway_GoesOnByTheLastState()
    {
        string directory = Directory.CreateTempSubdirectory("waypoint").FullName;
        (string, string) snapshot = ("WAYPOINT_SNAPSHOT_PATH", Path.Combine(directory, "xds"));
        await using PlaneMesh mesh = await PlaneMesh.StartAsync(snapshot);
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9002, "v2");
        mesh.Manifest("route", """
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: cart, namespace: bench}
            spec: {hosts: [cart], http: [{route: [{destination: {host: v2}}]}]}
            """);
        await Eventually.TrueAsync(() => mesh.Ask(Request).Contains("x-backend: v2", StringComparison.Ordinal));
        await mesh.Waypoint.Process.KillAsync();

        // Certificates are never kept: they come from where they always come from, the configuration from nowhere.
        mesh.StartWaypoint(snapshot, ("XDS_ADDRESS", $"https://{mesh.Pair.Client.Node.Address}:1"));
        await mesh.Waypoint.LineAsync("the control plane does not answer; the last state that it sent is in force");
        await mesh.Waypoint.LineAsync("waypoint is running");
        await Eventually.TrueAsync(() => mesh.Ask(Request).Contains("x-backend: v2", StringComparison.Ordinal));
        Assert.DoesNotContain("PRIVATE KEY", await File.ReadAllTextAsync(snapshot.Item2), StringComparison.Ordinal);
        Directory.Delete(directory, recursive: true);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task AdminPort_IsOnLoopbackAlone_AndTellsWhatIsInForce()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        await Eventually.TrueAsync(() => mesh.Ask(Request).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal));
        string dump = await mesh.Pair.Network.RunAsync(mesh.Pair.Stranger, "curl", "-s", "http://127.0.0.1:15000/config_dump");
        Assert.Contains("\"service\": \"bench/cart.bench.svc.cluster.local\"", dump, StringComparison.Ordinal);
        Assert.Contains("\"state\": \"Available\"", dump, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE", dump, StringComparison.Ordinal);
        Assert.Contains($"{mesh.Pair.Server.Address}:9001", await mesh.Pair.Network.RunAsync(mesh.Pair.Stranger, "curl", "-s", "http://127.0.0.1:15000/clusters"), StringComparison.Ordinal);
        Assert.False(Reaches(mesh.Pair.Stranger, mesh.Pair.Stranger.Address, 15000));
        await mesh.Pair.Network.RunAsync(mesh.Pair.Stranger, "curl", "-s", "-X", "POST", "http://127.0.0.1:15000/logging?level=debug");
        await mesh.Pair.Network.RunAsync(mesh.Pair.Stranger, "curl", "-s", "-X", "POST", "http://127.0.0.1:15000/quitquitquit");
        await mesh.Waypoint.Process.Exited.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System);
        Assert.Equal(0, mesh.Waypoint.Process.ExitCode);
    }

    private static async Task<bool> ServesAsync(PlaneMesh mesh, VirtualPod pod) =>
        (await mesh.Pair.Network.RunAsync(pod, "curl", "-s", "http://127.0.0.1:15020/metrics")).Contains("istio_requests_total{", StringComparison.Ordinal);

    // Null while the service is not known yet.
    private static Socket? Greeted(VirtualPod from, IPEndPoint target)
    {
        Socket? socket = null;
        try
        {
            socket = MeshPair.Connect(from, target);
            if (AppTalk.Hear(socket, 7) == "welcome")
            {
                return socket;
            }
        }
        catch (SocketException)
        {
            // Nobody is there yet.
        }

        socket?.Dispose();
        return null;
    }

    private static bool Reaches(VirtualPod from, IPAddress address, int port = 15008)
    {
        try
        {
            MeshPair.Connect(from, new IPEndPoint(address, port)).Dispose();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static HttpClient Http2(VirtualPod from)
    {
        SocketsHttpHandler handler = new() { ConnectCallback = async (_, _) => new NetworkStream(await MeshPair.ConnectAsync(from, Cart), ownsSocket: true) };
        return new HttpClient(handler) { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }
}
