using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>The client's ztunnel knows of the waypoint before the waypoint knows of its service.</summary>
public sealed class EarlyCallerTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: cart\r\n\r\n";

    [RequiresToolFact("nft,curl", root: true)]
    public async Task Connection_WaitsForTheWaypointsConfiguration_AndIsServedByIt()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([]);
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        mesh.ServesCart = false;
        mesh.Configure([]);

        // Whoever waits in vain is sent away.
        await Eventually.TrueAsync(() => SharedPlane.Ask(mesh.Pair.Client, Ztunnel.MeshPair.Service, Get) == "Connection reset by peer");
        await mesh.Waypoint.LineAsync("CONNECT to an address that is not served here\t");

        await mesh.Pair.Network.RunAsync(mesh.Pair.Stranger, "curl", "-s", "-X", "POST", "http://127.0.0.1:15000/logging?level=debug");
        Task<string> asking = Task.Run(() => SharedPlane.Ask(mesh.Pair.Client, Ztunnel.MeshPair.Service, Get));
        await mesh.Waypoint.LineAsync("is not served here yet");
        Assert.False(asking.IsCompleted);
        mesh.ServesCart = true;
        mesh.Configure([]);
        Assert.StartsWith("HTTP/1.1 200 ", await asking, StringComparison.Ordinal);
    }
}
