using Ambient.Protocol.L7;
using Google.Protobuf;

namespace Ambient.Waypoint.Tests.Forwarding;

/// <summary>A client's HTTP/1.1 connection: what is held back, and what is left when one side ends.</summary>
public sealed class Http1ServerTests
{
    private const string Get = "GET /next HTTP/1.1\r\nHost: cart\r\n\r\n";

    [Fact]
    public void BodyThatWasHeldBack_IsPassedOver_AfterAnEarlyAnswer()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe first = waypoint.Expect();
        HeldPipe second = waypoint.Expect();
        first.Reads = false;
        HeldPipe client = waypoint.Connect();
        client.Receive("POST /big HTTP/1.1\r\nHost: cart\r\nContent-Length: 400000\r\n\r\n" + new string('a', 300_000));
        client.Receive(new string('a', 100_000) + Get);
        Assert.NotEqual(0, client.Held);

        first.Receive("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 413 ", client.Sent, StringComparison.Ordinal);
        Assert.DoesNotContain("connection: close", client.Sent, StringComparison.Ordinal);
        Assert.Equal(0, client.Held);
        waypoint.RunUntil(() => second.Sent.StartsWith("GET /next ", StringComparison.Ordinal));
    }

    [Fact]
    public void BodyThatWasHeldBack_IsPassedOver_WhenConnectingFails()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe first = waypoint.Expect(Dialling.Waits);
        HeldPipe second = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive("POST / HTTP/1.1\r\nHost: cart\r\nContent-Length: 5\r\n\r\nhello" + Get);
        Assert.NotEqual(0, client.Held);
        first.Break(Mesh.Connections.CloseReason.ConnectFailed);
        Assert.StartsWith("HTTP/1.1 503 ", client.Sent, StringComparison.Ordinal);
        Assert.StartsWith("GET /next ", second.Sent, StringComparison.Ordinal);
        Assert.Equal(1, waypoint.Destination.Active);
    }

    [Fact]
    public void BodyThatWasHeldBack_DoesNotKeepAConnection_ThatWasToldToClose()
    {
        using LocalWaypoint waypoint = new(action => action.Fault = new Fault { DelayMs = 1, DelayShare = 1_000_000, AbortStatus = 418, AbortShare = 1_000_000 });
        HeldPipe client = waypoint.Connect();
        client.Receive("POST / HTTP/1.1\r\nHost: cart\r\nContent-Length: 10\r\n\r\n12345");
        Assert.Equal(5, client.Held);
        waypoint.RunUntil(() => client.IsFinished);
        Assert.Contains("connection: close\r\n", client.Sent, StringComparison.Ordinal);
        Assert.True(client.Held == 0, "the end behind the body would never be seen");
    }

    [Fact]
    public void Pipeline_WhoseAnswersNobodyReads_Waits()
    {
        const int Requests = 5_000;
        using LocalWaypoint waypoint = new(action => action.Response = new DirectResponse { Status = 200, Body = ByteString.CopyFromUtf8(new string('b', 1000)) });
        HeldPipe client = waypoint.Connect();
        client.Reads = false;
        client.Receive(string.Concat(Enumerable.Repeat(Get, Requests)));
        Assert.InRange(client.Waiting, 1, 2 * Pipes.Pipe.HighWater);

        // As soon as it reads, it gets them all.
        client.Reads = true;
        waypoint.RunUntil(() => client.Held == 0 && client.Sent.Split("HTTP/1.1 200 ").Length == Requests + 1);
    }

    [Fact]
    public void HalfClose_AfterTheLastAnswer_LosesNothingOfIt()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Reads = false;
        client.Receive("GET / HTTP/1.1\r\nHost: cart\r\nConnection: close\r\n\r\n");
        waypoint.RunUntil(() => endpoint.Sent.Length > 0);
        endpoint.Receive("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + new string('b', 1000));
        Assert.True(client.IsFinished);
        client.EndInput();
        Assert.False(client.IsAborted, "what waited was thrown away");
        client.Reads = true;
        Assert.EndsWith(new string('b', 1000), client.Sent, StringComparison.Ordinal);
    }

    [Fact]
    public void HalfClose_InTheMiddleOfABody_AfterItsAnswer_LosesNothingOfIt()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Reads = false;
        client.Receive("POST / HTTP/1.1\r\nHost: cart\r\nContent-Length: 10\r\n\r\n12345");
        endpoint.Receive("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
        client.EndInput();
        Assert.False(client.IsAborted, "what waited was thrown away");
        client.Reads = true;
        Assert.EndsWith("\r\n\r\nno", client.Sent, StringComparison.Ordinal);
    }

    [Fact]
    public void MalformedChunk_BehindTheHeadOfTheAnswer_CutsTheConnection()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive("POST / HTTP/1.1\r\nHost: cart\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        _ = endpoint.Sent;
        endpoint.Receive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", client.Sent, StringComparison.Ordinal);
        client.Receive("zz\r\n");
        Assert.Equal((true, true), (client.IsAborted, endpoint.IsAborted));
        Assert.EndsWith("2\r\nok\r\n", client.Sent, StringComparison.Ordinal);
        Assert.Equal(0, waypoint.Destination.Active);
    }

    [Fact]
    public void MalformedChunk_BehindTheAnswer_LosesNothingOfIt()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Reads = false;
        client.Receive("POST / HTTP/1.1\r\nHost: cart\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        endpoint.Receive("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
        client.Receive("zz\r\n");
        Assert.Equal((true, false), (client.IsFinished, client.IsAborted));
        client.Reads = true;
        Assert.EndsWith("\r\n\r\nno", client.Sent, StringComparison.Ordinal);
    }

    [Fact]
    public void Upgrade_ThatTheEndpointEnds_EndsOnBothSides()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive("GET /ws HTTP/1.1\r\nHost: cart\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        endpoint.Receive("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello");
        client.Receive("frame");
        endpoint.EndInput();
        Assert.EndsWith("hello", client.Sent, StringComparison.Ordinal);
        Assert.True(client.IsFinished);
        Assert.True(endpoint.IsFinished, "nobody would ever close it");
        Assert.EndsWith("frame", endpoint.Sent, StringComparison.Ordinal);
        Assert.Equal(0, waypoint.Destination.Active);
    }
}
