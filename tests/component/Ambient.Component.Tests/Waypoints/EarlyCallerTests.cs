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

    /// <summary>The waypoint does not come to know its service at all, and the client's ztunnel hears meanwhile that there is none any more.</summary>
    [RequiresToolFact("nft", root: true)]
    public async Task Connection_ThatTheWaypointSendsAway_GoesWhereItsServiceIsReachedNow()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([]);
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");
        mesh.ServesCart = false;
        mesh.Configure([]);
        await Eventually.TrueAsync(() => SharedPlane.Ask(mesh.Pair.Client, Ztunnel.MeshPair.Service, Get) == "Connection reset by peer");

        // Again where the machine is so busy that the news came before the connection, or after the waypoint's answer.
        int round = 0;
        await Eventually.TrueAsync(async () =>
        {
            await mesh.TellAsync($"through-{++round}.bench", isThroughWaypoint: true);
            Task<string> asking = Task.Run(() => SharedPlane.Ask(mesh.Pair.Client, Ztunnel.MeshPair.Service, Get));
            await mesh.TellAsync($"direct-{round}.bench", isThroughWaypoint: false);
            return (await asking).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal) && mesh.Pair.ClientProxy.Log.Contains("404 Not Found; another endpoint is tried", StringComparison.Ordinal);
        });
    }
}
