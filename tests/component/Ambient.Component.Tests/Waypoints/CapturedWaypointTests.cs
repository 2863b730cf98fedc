using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Component.Tests.Interop;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>A waypoint whose own pod is captured: its ztunnel ends callers' tunnels, says who they are, and tunnels to endpoints (inbound binding PROXY).</summary>
public sealed class CapturedWaypointTests
{
    private const string Address = "10.96.0.30";
    private const string Get = "GET / HTTP/1.1\r\nHost: boxed\r\n\r\n";

    [RequiresToolFact("nft", root: true)]
    [Trait("behaviour", "WP-23")]
    public async Task ClientsKeepTheirIdentity_AndNobodyElseCanClaimOne()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        VirtualPod pod = mesh.Pair.Client.Node.AddPod(PlaneMesh.Captured);
        mesh.Manifest(PlaneMesh.Captured, Objects(pod.Address));
        await mesh.Pair.EnrolAsync(pod);
        Peer waypoint = mesh.StartReplica(pod, PlaneMesh.Captured, ("SERVICE_ACCOUNT", PlaneMesh.Captured));
        await waypoint.LineAsync("callers come from the ztunnel of the own pod");
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "boxed");
        using EchoServer echo = EchoServer.Start(mesh.Pair.Server, 9100);

        // The ztunnel has heard of it before anybody asks: what it does not know it looks for in vain, for seconds.
        await Eventually.TrueAsync(async () => (await MeshPair.GetOnNodeAsync(mesh.Pair.Client.Node, 15000, "/config_dump")).Contains($"/{Address}\"", StringComparison.Ordinal));
        string answer = "";
        await Eventually.TrueAsync(() => (answer = Ask(mesh.Pair.Client, Address, 9000, Get)).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal));
        Assert.Contains("x-request-id: ", answer, StringComparison.Ordinal);
        Assert.Contains("boxed\nGET / HTTP/1.1\r\nhost: boxed\r\n", answer, StringComparison.Ordinal);

        // The server itself calls as somebody whom the policy does not name.
        string denied = Ask(mesh.Pair.Server, Address, 9000, Get);
        Assert.StartsWith("HTTP/1.1 403 ", denied, StringComparison.Ordinal);
        Assert.EndsWith("RBAC: access denied", denied, StringComparison.Ordinal);
        using (Socket raw = MeshPair.Connect(mesh.Pair.Client, new IPEndPoint(IPAddress.Parse(Address), 9100)))
        {
            await EchoServer.ExchangeAsync(raw, 1);
        }

        // Endpoints are reached through tunnels all the same, which its ztunnel makes in its name.
        string line = await mesh.Pair.ServerProxy.LineAsync($"dst.hbone_addr={mesh.Pair.Server.Address}:9100 ");
        Assert.Contains("src.identity=\"spiffe://cluster.local/ns/bench/sa/captured\"", line, StringComparison.Ordinal);

        // Nobody outside of its pod comes to the port where it believes what it is told.
        string claim = Claim(mesh.Pair.Client.Address, null);
        string forged = Claim(mesh.Pair.Client.Address, "spiffe://cluster.local/ns/bench/sa/client");
        foreach (VirtualPod from in new[] { mesh.Pair.Stranger, mesh.Pair.Client })
        {
            Assert.Equal("", Ask(from, pod.Address.ToString(), 15088, forged + Get));
        }

        // In its pod, where the ztunnel is: whoever has proved nothing is nobody, and what is no header is refused.
        Assert.StartsWith("HTTP/1.1 403 ", Ask(pod, "127.0.0.1", 15088, claim + Get), StringComparison.Ordinal);
        Assert.Equal("", Ask(pod, "127.0.0.1", 15088, Get));
        await waypoint.LineAsync("a connection to the port of the inbound binding was refused");
        waypoint.Process.Signal(15);
        await waypoint.Process.Exited.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System);
        Assert.Equal(0, waypoint.Process.ExitCode);
        Assert.DoesNotContain("defect", waypoint.Log, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task BindingWithoutAPort_StopsTheStart_AndSaysWhatToWrite()
    {
        await using PlaneMesh mesh = await PlaneMesh.StartAsync();
        VirtualPod pod = mesh.Pair.Client.Node.AddPod(PlaneMesh.Captured);
        mesh.Manifest(PlaneMesh.Captured, Objects(pod.Address).Replace("PROXY/15088", "PROXY", StringComparison.Ordinal));
        await mesh.Pair.EnrolAsync(pod);
        Peer waypoint = mesh.StartReplica(pod, PlaneMesh.Captured, ("SERVICE_ACCOUNT", PlaneMesh.Captured));
        await waypoint.Process.Exited.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
        Assert.Equal(1, waypoint.Process.ExitCode);
        Assert.Contains("cannot start: the annotation ambient.istio.io/waypoint-inbound-binding of Gateway bench/captured", waypoint.Log, StringComparison.Ordinal);
    }

    /// <summary>A header of the PROXY protocol, version 2.</summary>
    private static string Claim(IPAddress source, string? identity)
    {
        byte[] field = identity is null ? [] : [0xD0, 0, (byte)identity.Length, .. Encoding.ASCII.GetBytes(identity)];
        byte[] header = [.. "\r\n\r\n\0\r\nQUIT\n"u8, 0x21, 0x11, 0, (byte)(12 + field.Length), .. source.GetAddressBytes(), .. IPAddress.Parse(Address).GetAddressBytes(), 0x11, 0x5C, 0x23, 0x28, .. field];
        return Encoding.Latin1.GetString(header);
    }

    private static string Ask(VirtualPod from, string address, int port, string request)
    {
        try
        {
            using Socket socket = MeshPair.Connect(from, new IPEndPoint(IPAddress.Parse(address), port));
            return WaypointMesh.Ask(socket, request);
        }
        catch (SocketException)
        {
            return "";
        }
    }

    private static string Objects(IPAddress pod) => $$"""
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: captured, namespace: bench, annotations: {ambient.istio.io/waypoint-inbound-binding: PROXY/15088} }
        spec: {gatewayClassName: istio-waypoint, listeners: [{name: proxy, port: 15088, protocol: istio.io/PROXY}]}
        status: {addresses: [{type: IPAddress, value: {{pod}} }]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: captured, namespace: bench, uid: uid-captured, labels: {gateway.networking.k8s.io/gateway-name: captured, istio.io/dataplane-mode: ambient}, annotations: {ambient.istio.io/redirection: enabled} }
        spec: {serviceAccountName: captured, nodeName: node1}
        status: {phase: Running, podIP: {{pod}}, podIPs: [{ip: {{pod}} }], conditions: [{type: Ready, status: "True"}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: boxed, namespace: bench, labels: {istio.io/use-waypoint: captured} }
        spec:
          clusterIP: {{Address}}
          clusterIPs: [{{Address}}]
          selector: {app: server}
          ports: [{name: http, port: 9000, targetPort: 9001, protocol: TCP}, {name: tcp, port: 9100, targetPort: 9100, protocol: TCP}]
        ---
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: boxed, namespace: bench}
        spec: {targetRefs: [{kind: Service, group: "", name: boxed}], rules: [{from: [{source: {principals: [cluster.local/ns/bench/sa/client]} }]}]}
        """;
}
