using Ambient.Mesh.Connections;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Tests.Forwarding;

namespace Ambient.Waypoint.Tests.Http;

/// <summary>Requests that wait for a connection to their endpoint.</summary>
public sealed class ClientPoolTests
{
    private const int Requests = 5000;
    private const int StackOfALoop = 256 * 1024;

    [Fact]
    public void DialsThatFailAtOnce_AnswerAllWhoWait_OnTheStackOfALoop()
    {
        using LocalWaypoint waypoint = new(policy: new TrafficPolicy { Pool = new ConnectionPool { MaxConnections = 1 } });
        HeldPipe first = waypoint.Expect(Dialling.Waits);
        HeldPipe[] clients = [.. Enumerable.Range(0, Requests).Select(_ => waypoint.Connect())];
        Array.ForEach(clients, static client => client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n"));
        Assert.Equal((1, 1, Requests), (waypoint.Dialer.Dialled, waypoint.Destination.Connections, waypoint.Destination.Waiting));

        // No other connection is expected: dialling fails before it returns.
        Thread loop = new(() =>
        {
            waypoint.Turn();
            first.Break(CloseReason.ConnectFailed);
        }, StackOfALoop);
        loop.Start();
        loop.Join();
        waypoint.Turn();
        Assert.Equal((Requests, 0, 0), (waypoint.Dialer.Dialled, waypoint.Destination.Connections, waypoint.Destination.Waiting));
        Assert.All(clients, static client => Assert.StartsWith("HTTP/1.1 503 ", client.Sent, StringComparison.Ordinal));
    }

    [Fact]
    public void ConnectionThatCannotBeMade_CostsNobodyBehindIt_ItsTurn()
    {
        using LocalWaypoint waypoint = new(policy: new TrafficPolicy { Pool = new ConnectionPool { MaxConnections = 1 } });
        HeldPipe first = waypoint.Expect(Dialling.Waits);
        HeldPipe[] clients = [.. Enumerable.Range(0, 3).Select(_ => waypoint.Connect())];
        Array.ForEach(clients, static client => client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n"));
        HeldPipe second = waypoint.Expect();
        waypoint.Dialer.Defects = 1;
        first.Break(CloseReason.ConnectFailed);
        waypoint.Turn();

        Assert.StartsWith("HTTP/1.1 503 ", clients[0].Sent, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 500 ", clients[1].Sent, StringComparison.Ordinal);
        Assert.StartsWith("GET / HTTP/1.1\r\n", second.Sent, StringComparison.Ordinal);
        Assert.Equal((1, 1, 0), ((int)waypoint.Loop.Loop.Faults, waypoint.Destination.Connections, waypoint.Destination.Waiting));
    }
}
