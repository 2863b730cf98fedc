using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Nodes;
using Ambient.Cli.Sandbox.Observation;
using Ambient.Topology.Captures;

namespace Ambient.Cli.Demo.Checks;

/// <summary>What crosses the wire, and what is written about it.</summary>
internal static class WireChecks
{
    // Neighbour discovery and multicast housekeeping of the kernels are none of the pods' traffic.
    private const int Udp = 17;

    private static readonly TimeSpan LogDelay = TimeSpan.FromSeconds(5);

    public static async Task OnlyTlsBetweenNodesAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        SandboxPod client = mesh.Pod(SandboxLayout.Client);
        SandboxPod server = mesh.Pod(SandboxLayout.WebV2);
        string marker = "open-secret-" + Guid.NewGuid().ToString("N");
        await using PacketCapture wire = await PacketCapture.StartAsync(mesh.FabricName, "bridge", mesh.Directory, "wire", "ip", "or", "ip6");
        await using PacketCapture inside = await PacketCapture.StartAsync(server.Network.NamespaceName, "lo", mesh.Directory, "inside");

        log.Did($"capture on the bridge and on web-v2's loopback; client: curl 'http://{server.Network.Address}:8080/?say={marker}' and redis-cli SET {marker}");
        string answer = (await Requests.GetAsync(client, $"http://{server.Network.Address}:8080/?say={marker}")).Output;
        (await client.RunAsync("redis-cli", "-h", SandboxLayout.Cache.Host, "SET", marker, marker)).OrThrow();
        log.Require(answer.Contains(marker, StringComparison.Ordinal), "the request must be answered with its marker: " + answer);

        IReadOnlyList<CapturedPacket> all = await wire.StopAsync();
        CapturedPacket[] between = [.. all.Where(p => !mesh.ControlPlane.IsParty(p.Source, p.Destination))];
        IReadOnlyList<CapturedPacket> delivered = await inside.StopAsync();
        CapturedPacket[] tcp = [.. between.Where(p => p.Protocol == 6 && p.Source is not null)];
        CapturedPacket[] other = [.. tcp.Where(p => !p.HasPort(15008))];
        CapturedPacket[] data = [.. tcp.Where(p => p.Payload.Length > 0)];
        int markers = PacketCapture.Containing(all, marker).Count;
        int plain = PacketCapture.Containing(delivered, marker).Count;
        log.Saw($"{tcp.Length} TCP packets between the nodes, {tcp.Length - other.Length} of them on 15008, {data.Length} with data; the marker in {markers} of them, and in {plain} on web-v2's own loopback");
        log.Require(data.Length > 0, "the traffic must have crossed the bridge");
        log.Require(other.Length == 0, "no TCP on any other port: " + string.Join(", ", other.Take(3).Select(p => $"{p.Source}→{p.Destination}")));
        log.Require(between.All(p => p.Protocol != Udp), "no UDP between the nodes");
        log.Require(markers == 0, "the marker must not be readable between the nodes");
        log.Require(plain > 0, "the marker must be readable behind the tunnel (or the search proves nothing)");
    }

    public static async Task IdentitiesAreLoggedAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        SandboxPod client = mesh.Pod(SandboxLayout.Client);
        SandboxPod server = mesh.Pod(SandboxLayout.WebV2);
        SandboxNode source = mesh.Nodes[client.Plan.Node];
        SandboxNode destination = mesh.Nodes[server.Plan.Node];
        long sourceMark = source.Log.Mark();
        long destinationMark = destination.Log.Mark();
        log.Did($"client: curl http://{server.Network.Address}:8080/, then read the access logs");
        (await Requests.GetAsync(client, $"http://{server.Network.Address}:8080/")).OrThrow();
        await FindAsync(source, sourceMark, "outbound");
        await FindAsync(destination, destinationMark, "inbound");

        async Task FindAsync(SandboxNode node, long mark, string direction)
        {
            string? line = await node.Log.FindAsync(mark, ["connection complete", $"direction=\"{direction}\"", $"src.identity=\"{client.Plan.Identity}\"", $"dst.identity=\"{server.Plan.Identity}\""], LogDelay, cancellation);
            log.Saw(line is null ? $"{node.Node.Name}: no such line" : node.Node.Name + ": " + AccessLine.Summary(line));
            log.Require(line is not null, $"{node.Node.Name} must log the {direction} connection with {client.Plan.Identity} and {server.Plan.Identity}");
        }
    }
}
