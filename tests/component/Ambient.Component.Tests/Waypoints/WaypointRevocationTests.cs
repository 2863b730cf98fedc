using System.Net;
using System.Net.Sockets;
using System.Numerics;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>The mesh's revocation list at a waypoint.</summary>
public sealed class WaypointRevocationTests
{
    private const string Request = "GET / HTTP/1.1\r\nHost: cart\r\n\r\n";

    [RequiresToolFact("nft", root: true)]
    public async Task RevokedCaller_HasNoTunnelToTheWaypoint_AndOthersDo()
    {
        await using WaypointMesh mesh = await WaypointMesh.StartAsync([]);
        using HttpBackend backend = HttpBackend.Start(mesh.Pair.Server, 9001, "v1");

        // Past the waypoint, so that both have certificates and no tunnel leads to it yet.
        using (Socket direct = MeshPair.Connect(mesh.Pair.Client, new IPEndPoint(mesh.Pair.Server.Address, 9001)))
        {
            Assert.StartsWith("HTTP/1.1 200 ", WaypointMesh.Ask(direct, Request), StringComparison.Ordinal);
        }

        BigInteger client = await RevocationTests.SerialAsync(mesh.Pair, mesh.Pair.Client);
        await WriteAsync(mesh, client);
        using (Socket refused = MeshPair.Connect(mesh.Pair.Client, MeshPair.Service))
        {
            refused.ReceiveTimeout = 20_000;
            refused.Send(System.Text.Encoding.Latin1.GetBytes(Request));
            RevocationTests.AssertEnded(refused);
        }

        // Somebody else's certificate is on the list now.
        await WriteAsync(mesh, client + 1);
        await Eventually.TrueAsync(() => Answers(mesh), TimeSpan.FromSeconds(30));
    }

    private static bool Answers(WaypointMesh mesh)
    {
        try
        {
            return mesh.Ask(Request).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task WriteAsync(WaypointMesh mesh, BigInteger serial)
    {
        await File.WriteAllTextAsync(mesh.RevocationList + ".new", RevocationTests.Revoke(mesh.Pair.Authority, serial));
        File.Move(mesh.RevocationList + ".new", mesh.RevocationList, overwrite: true);
    }
}
