using System.Buffers;
using System.Text;
using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Tests.Forwarding;

/// <summary>Copies of requests: in which version they go, and that one which is lost is counted.</summary>
public sealed class MirrorTests
{
    private static readonly (string, string)[] Call = [(":method", "POST"), (":scheme", "http"), (":authority", "cart"), (":path", "/echo.Echo/Talk"), ("content-type", "application/grpc"), ("te", "trailers")];

    [Fact]
    public void WhereNobodySaidWhatIsSpoken_ACopyIsSentAsTheClientSpeaks()
    {
        using LocalWaypoint waypoint = new(static action =>
        {
            action.Targets[0].Destination.ClientProtocol = true;
            Copy(action);
        });
        SpeaksAsTheClient(waypoint);
    }

    [Fact]
    public void UseClientProtocol_IsForCopiesToo()
    {
        using LocalWaypoint waypoint = new(Copy, new TrafficPolicy { Pool = new ConnectionPool { ClientProtocol = true } });
        SpeaksAsTheClient(waypoint);
    }

    [Fact]
    public void PortsThatSayWhatTheySpeak_AreSpokenToInThat()
    {
        using LocalWaypoint waypoint = new(static action =>
        {
            action.Targets[0].Destination.Http2 = true;
            Copy(action);
        });
        Http2Talk endpoint = new(waypoint.Expect());
        waypoint.Connect().Receive("GET /old HTTP/1.1\r\nHost: cart\r\n\r\n");
        Assert.Equal(["1 GET  http cart-shadow /old", "3 GET  http cart /old"], Heads(endpoint));
    }

    [Fact]
    public void CopiesThatAreLost_AreCounted_ByReason()
    {
        Lost("proxy_protocol", new TrafficPolicy { ProxyProtocol = 1 });
        Lost("broken_tls", new TrafficPolicy { Tls = new UpstreamTls { Broken = "no certificate" } });
        Lost("overflow", new TrafficPolicy { Pool = new ConnectionPool { MaxRequests = 1 } }, takesOne: true);
        Lost("failed", new TrafficPolicy());
        Lost("no_endpoint", new TrafficPolicy(), "nobody.bench.svc.cluster.local");
    }

    private static void Lost(string reason, TrafficPolicy policy, string? host = null, bool takesOne = false)
    {
        using LocalWaypoint waypoint = new(action =>
        {
            Copy(action);
            if (host is not null)
            {
                action.Mirrors[0].Destination = new Destination { Namespace = "bench", Hostname = host, Port = 80 };
            }
        }, policy);
        if (takesOne)
        {
            Assert.True(waypoint.Destination.TryBegin(policy));
        }

        waypoint.Connect().Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        ArrayBufferWriter<byte> text = new();
        waypoint.Metrics.WriteTo(text);
        Assert.Contains($"ambient_waypoint_mirrors_lost_total{{service=\"bench/{host ?? "cart.bench.svc.cluster.local"}\",reason=\"{reason}\"}} 1\n", Encoding.UTF8.GetString(text.WrittenSpan), StringComparison.Ordinal);
    }

    private static void SpeaksAsTheClient(LocalWaypoint waypoint)
    {
        Http2Talk endpoint = new(waypoint.Expect());
        Http2Talk client = waypoint.ConnectHttp2();
        client.Head(1, isEnd: false, Call);
        client.Data(1, "message", isEnd: true);
        Assert.Equal(["1 POST  http cart-shadow /echo.Echo/Talk", "3 POST  http cart /echo.Echo/Talk"], Heads(endpoint));

        HeldPipe oldCopy = waypoint.Expect();
        HeldPipe oldEndpoint = waypoint.Expect();
        waypoint.Connect().Receive("GET /old HTTP/1.1\r\nHost: cart\r\n\r\n");
        Assert.StartsWith("GET /old HTTP/1.1\r\nhost: cart-shadow\r\n", oldCopy.Sent, StringComparison.Ordinal);
        Assert.StartsWith("GET /old HTTP/1.1\r\nhost: cart\r\n", oldEndpoint.Sent, StringComparison.Ordinal);
    }

    // Copy and request go to the same endpoint, and in HTTP/2 on one connection.
    private static string[] Heads(Http2Talk endpoint) => [.. endpoint.Heard().Where(static frame => frame.Contains(" http ", StringComparison.Ordinal)).Select(static frame => string.Join(' ', frame.Split(' ')[..6]))];

    private static void Copy(HttpAction action) => action.Mirrors.Add(new Mirror { Share = 1_000_000, Destination = action.Targets[0].Destination });
}
