using System.Net;
using System.Text;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;
using Xunit.Abstractions;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>A waypoint that knows of the mesh what it needs: real control plane, real ztunnels. It is on a node of its own, so that nobody is known for being nearby.</summary>
public sealed class AddressNeedsTests(ITestOutputHelper output)
{
    private const string Request = "GET / HTTP/1.1\r\nHost: cart\r\n\r\n";
    private const int Crowd = 100_000;
    private const int PerFile = 10_000;
    private const double MiB = 1024 * 1024;
    private static readonly (string Name, string Value) Elsewhere = ("NODE_NAME", "elsewhere");

    // What requests leave behind for the collector, 32 MiB at most, would hide what is kept.
    private static readonly (string Name, string Value) SmallNursery = ("DOTNET_GCgen0size", "0x200000");

    [RequiresToolFact("nft,curl", root: true)]
    public async Task ARouteToAServiceThatWasNotNeeded_FailsNoRequest_AlsoWhenTheControlPlaneComesBack()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync(Elsewhere);
        using HttpBackend near = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        VirtualPod pod = mesh.Pair.Client.Node.AddPod("far");
        using HttpBackend far = HttpBackend.Start(pod, 8080, "far");
        mesh.Manifest("far", Far(pod));
        await Eventually.TrueAsync(() => mesh.Ask(Request).Contains("x-backend: v1", StringComparison.Ordinal));
        Assert.DoesNotContain($"{pod.Address}", await DumpAsync(mesh), StringComparison.Ordinal);

        await using RequestLoad load = RequestLoad.Start(mesh.Pair.Client, new IPEndPoint(MeshPair.Service.Address, PlaneMesh.HttpPort), 4);
        await load.MoreAsync(100);
        mesh.Manifest("route", Route("far"));
        await Eventually.TrueAsync(() => mesh.Ask(Request).Contains("x-backend: far", StringComparison.Ordinal));
        await load.MoreAsync(100);
        mesh.NoManifest("route");
        await Eventually.TrueAsync(() => mesh.Ask(Request).Contains("x-backend: v1", StringComparison.Ordinal));
        await load.MoreAsync(100);

        // What happens while the control plane is away is in force when it is back.
        await mesh.Plane.DisposeAsync();
        await mesh.Waypoint.LineAsync("stream ended");
        await load.MoreAsync(100);
        mesh.Manifest("route", Route("far"));
        mesh.StartPlane();
        await Eventually.TrueAsync(() => mesh.Ask(Request).Contains("x-backend: far", StringComparison.Ordinal));
        await load.MoreAsync(100);
        Assert.Empty(load.Failures);
    }

    [RequiresToolFact("nft,curl", root: true)]
    public async Task TheFirstRequest_NamesTheWorkloadOfItsCaller()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync(Elsewhere);
        using HttpBackend near = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        Assert.DoesNotContain($"\"{mesh.Pair.Client.Address}\"", await DumpAsync(mesh), StringComparison.Ordinal);
        await Eventually.TrueAsync(() => mesh.Ask(Request).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal));
        string[] counted = await CountedAsync(mesh, "istio_requests_total{");
        Assert.All(counted, static line => Assert.Contains("source_workload=\"client\"", line, StringComparison.Ordinal));
        Assert.Contains($"\"{mesh.Pair.Client.Address}\"", await DumpAsync(mesh), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft,curl", root: true)]
    public async Task WithoutAControlPlane_ACallerIsUnknown_AndServedAtOnce()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync(Elsewhere);
        using HttpBackend near = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        await mesh.Plane.DisposeAsync();
        await mesh.Waypoint.LineAsync("stream ended");
        Assert.StartsWith("HTTP/1.1 200 ", mesh.Ask(Request), StringComparison.Ordinal);
        string[] counted = await CountedAsync(mesh, "istio_requests_total{");
        Assert.All(counted, static line => Assert.Contains("source_workload=\"unknown\"", line, StringComparison.Ordinal));

        mesh.StartPlane();
        await Eventually.TrueAsync(async () =>
        {
            mesh.Ask(Request);
            return (await CountedAsync(mesh, "istio_requests_total{")).Any(static line => line.Contains("source_workload=\"client\"", StringComparison.Ordinal));
        });
    }

    [RequiresToolFact("nft,curl", root: true)]
    public async Task SwitchedOff_AWaypointKnowsEverything()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync(Elsewhere, ("XDS_ON_DEMAND", "false"));
        Assert.Contains($"\"{mesh.Pair.Client.Address}\"", await DumpAsync(mesh), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task Memory_DoesNotGrowWithTheMesh()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync(Elsewhere, SmallNursery);
        using HttpBackend first = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        using HttpBackend second = HttpBackend.Start(mesh.Pair.Server, 9002, "v2");
        await Eventually.TrueAsync(() => mesh.Ask(Request).Contains("x-backend: v1", StringComparison.Ordinal));
        double before = ProcessMemory.ResidentBytes(mesh.Waypoint) / MiB;
        for (int from = 0; from < Crowd; from += PerFile)
        {
            mesh.Manifest($"crowd-{from}", Pods(from));
        }

        mesh.Manifest("route", Route("v2"));
        await Eventually.TrueAsync(() => mesh.Ask(Request).Contains("x-backend: v2", StringComparison.Ordinal), TimeSpan.FromMinutes(3));
        Assert.DoesNotContain("crowd-", await DumpAsync(mesh), StringComparison.Ordinal);
        double limited = ProcessMemory.ResidentBytes(mesh.Waypoint) / MiB;
        VirtualPod pod = mesh.Pair.Client.Node.AddPod(PlaneMesh.Second);
        Peer whole = mesh.StartReplica(pod, PlaneMesh.Second, Elsewhere, SmallNursery, ("XDS_ON_DEMAND", "false"));
        await whole.LineAsync("waypoint is running");
        double everything = ProcessMemory.ResidentBytes(whole) / MiB;
        output.WriteLine($"resident: {before:0.0} MiB before, {limited:0.0} MiB with {Crowd} more pods in the mesh, {everything:0.0} MiB where all are known");
        Assert.InRange(everything - before, 15, 1000);
        Assert.InRange(limited - before, -100, 15);
    }

    private static Task<string> DumpAsync(PlaneMesh mesh) => mesh.Pair.GetAsync(mesh.Pair.Stranger, 15000, "/config_dump");

    private static async Task<string[]> CountedAsync(PlaneMesh mesh, string series)
    {
        string[] lines = [];
        await Eventually.TrueAsync(async () =>
        {
            lines = [.. (await mesh.Pair.GetAsync(mesh.Pair.Stranger, 15020, "/stats/prometheus")).Split('\n').Where(line => line.StartsWith(series, StringComparison.Ordinal))];
            return lines.Length > 0;
        });
        return lines;
    }

    private static string Route(string to) => $$$"""
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: cart, namespace: bench}
        spec: {hosts: [cart], http: [{route: [{destination: {host: {{{to}}}}}]}]}
        """;

    private static string Far(VirtualPod pod) => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: far, namespace: bench, uid: uid-far, labels: {app: far}}
        spec: {serviceAccountName: far, nodeName: node1}
        status: {phase: Running, podIP: {{{pod.Address}}}, podIPs: [{ip: {{{pod.Address}}}}], conditions: [{type: Ready, status: "True"}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: far, namespace: bench, labels: {istio.io/use-waypoint: none}}
        spec: {clusterIP: 10.96.0.30, clusterIPs: [10.96.0.30], selector: {app: far}, ports: [{name: http, port: {{{PlaneMesh.HttpPort}}}, targetPort: 8080, protocol: TCP}]}
        """;

    private static string Pods(int from)
    {
        StringBuilder text = new();
        for (int i = from; i < from + PerFile; i++)
        {
            string address = $"10.{128 + (i >> 16)}.{(i >> 8) & 255}.{i & 255}";
            text.Append(
                $$$"""
                apiVersion: v1
                kind: Pod
                metadata: {name: crowd-{{{i}}}, namespace: crowd-{{{i % 100}}}, uid: uid-crowd-{{{i}}}, labels: {app: crowd}}
                spec: {serviceAccountName: crowd, nodeName: node2}
                status: {phase: Running, podIP: {{{address}}}, podIPs: [{ip: {{{address}}}}], conditions: [{type: Ready, status: "True"}]}
                ---

                """);
        }

        return text.ToString();
    }
}
