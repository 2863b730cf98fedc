using Ambient.Hbone.Frames;
using Ambient.Protocol.L7;
using Google.Protobuf;

namespace Ambient.Waypoint.Tests.Forwarding;

/// <summary>What gRPC clients are told where no endpoint answers, and how long calls may take.</summary>
public sealed class GrpcTests
{
    [Fact]
    public void MethodWithoutRoute_IsUnimplemented_InTrailersOnly()
    {
        using LocalWaypoint waypoint = new(editPort: static port => port.Http[0].Match = new HttpMatch { Path = new PathMatch { Exact = "/echo.Echo/Talk" } });
        Http2Talk client = waypoint.ConnectHttp2();
        client.Head(1, isEnd: false, Call("/echo.Echo/Sing"));
        string told = client.Heard()[0];
        Assert.StartsWith("1 200 content-type=application/grpc grpc-status=12 ", told, StringComparison.Ordinal);
        Assert.EndsWith("$", told, StringComparison.Ordinal);

        // The same for a client of HTTP/1.1, and 404 for whoever does not speak gRPC.
        HeldPipe old = waypoint.Connect();
        old.Receive("POST /echo.Echo/Sing HTTP/1.1\r\nHost: cart\r\nContent-Type: application/grpc+proto\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ngrpc-status: 12\r\n", old.Sent, StringComparison.Ordinal);
        HeldPipe plain = waypoint.Connect();
        plain.Receive("POST /echo.Echo/Sing HTTP/1.1\r\nHost: cart\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 404 ", plain.Sent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400, 13)]
    [InlineData(401, 16)]
    [InlineData(403, 7)]
    [InlineData(404, 12)]
    [InlineData(418, 2)]
    [InlineData(429, 14)]
    [InlineData(500, 2)]
    [InlineData(502, 14)]
    [InlineData(503, 14)]
    [InlineData(504, 14)]
    public void AnswersOfOurOwn_HaveTheStatusThatStandsForTheirs(int status, int grpc)
    {
        using LocalWaypoint waypoint = new(action => action.Response = new DirectResponse { Status = (uint)status, Body = ByteString.CopyFromUtf8("50 % of it\n") });
        Http2Talk client = waypoint.ConnectHttp2();
        client.Head(1, isEnd: true, Call("/echo.Echo/Talk"));
        string told = client.Heard()[0];
        Assert.StartsWith($"1 200 content-type=application/grpc grpc-status={grpc} grpc-message=50 %25 of it%0A ", told, StringComparison.Ordinal);
        Assert.EndsWith("$", told, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "WP-174")]
    public void CallThatNoPolicyAllows_IsPermissionDenied()
    {
        using LocalWaypoint waypoint = new();
        waypoint.Configure(access: [new AccessPolicy { Namespace = "bench", Name = "nobody", Action = AccessAction.Allow }]);
        Http2Talk client = waypoint.ConnectHttp2();
        client.Head(1, isEnd: true, Call("/echo.Echo/Talk"));
        Assert.StartsWith("1 200 content-type=application/grpc grpc-status=7 grpc-message=RBAC: access denied ", client.Heard()[0], StringComparison.Ordinal);
    }

    [Fact]
    public void EndpointsThatFail_AreUnavailable()
    {
        using LocalWaypoint waypoint = new();
        waypoint.Expect(Dialling.Fails);
        Http2Talk client = waypoint.ConnectHttp2();
        client.Head(1, isEnd: true, Call("/echo.Echo/Talk"));
        Assert.StartsWith("1 200 content-type=application/grpc grpc-status=14 grpc-message=upstream connect error", client.Heard()[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "30m", "30m", 4)]
    [InlineData(20_000, "30m", "30m", 4)]
    [InlineData(30, "10S", "30m", 14)]
    [InlineData(30, "soon", "soon", 14)]
    [Trait("behaviour", "WP-72")]
    public void Deadline_OfTheCall_IsCappedByTheRoutes(int route, string asked, string passed, int status)
    {
        using LocalWaypoint waypoint = new(action =>
        {
            action.TimeoutMs = (ulong)route;
            action.Targets[0].Destination.Http2 = true;
        });
        Http2Talk endpoint = new(waypoint.Expect());
        Http2Talk client = waypoint.ConnectHttp2();
        client.Head(1, isEnd: true, [.. Call("/echo.Echo/Talk"), ("grpc-timeout", asked)]);
        Assert.Contains($" grpc-timeout={passed}", endpoint.Heard()[0], StringComparison.Ordinal);
        List<string> heard = [];
        waypoint.RunUntil(() => (heard = client.Heard()).Count > 0);
        Assert.StartsWith($"1 200 content-type=application/grpc grpc-status={status} ", heard[0], StringComparison.Ordinal);
        Assert.Equal([$"Reset 1 {Http2Error.Cancel}"], endpoint.Heard());
    }

    private static (string, string)[] Call(string path) =>
        [(":method", "POST"), (":scheme", "http"), (":authority", "cart"), (":path", path), ("content-type", "application/grpc"), ("te", "trailers")];
}
