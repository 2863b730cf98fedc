using System.Text.RegularExpressions;
using Ambient.Hbone.Frames;
using Ambient.Testing.Clocks;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Tests.Http2;

namespace Ambient.Waypoint.Tests.Forwarding;

/// <summary>WebSocket in HTTP/2 (RFC 8441), on either side, and what must not come of it.</summary>
public sealed class ExtendedConnectTests
{
    private const string Key = "dGhlIHNhbXBsZSBub25jZQ==";
    private const string Upgrade = "GET /chat HTTP/1.1\r\nHost: cart\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: " + Key + "\r\n\r\n";

    private static readonly (string, string)[] Connect =
        [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":authority", "cart"), (":path", "/chat"), ("sec-websocket-version", "13")];

    private static readonly byte[] TakesUpgrades = Wire.Frame(FrameType.Settings, 0, 0, [0, 8, 0, 0, 0, 1]);

    [Fact]
    public void Key_IsAnsweredAsRfc6455Says() => Assert.Equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", WebSocketKey.Accept(Key));

    [Fact]
    public void Client_IsConnectedToAnEndpointInHttp1_AndWhatItSaidTooEarlyWaits()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe endpoint = waypoint.Expect();
        Http2Talk client = waypoint.ConnectHttp2();
        client.Head(1, isEnd: false, Connect);
        client.Data(1, "GET /smuggled HTTP/1.1\r\nHost: cart\r\n\r\n");
        Assert.StartsWith("GET /chat HTTP/1.1\r\nhost: cart\r\n", endpoint.Sent, StringComparison.Ordinal);
        Assert.Contains("\r\nsec-websocket-version: 13\r\n", endpoint.Sent, StringComparison.Ordinal);
        Assert.EndsWith("connection: upgrade\r\nupgrade: websocket\r\n\r\n", endpoint.Sent, StringComparison.Ordinal);

        endpoint.Receive(Consent(endpoint) + "hello");
        List<string> heard = client.Heard();
        Assert.StartsWith("1 200 ", heard[0], StringComparison.Ordinal);
        Assert.DoesNotContain("sec-websocket-accept", heard[0], StringComparison.Ordinal);
        Assert.Contains("sec-websocket-protocol=chat", heard[0], StringComparison.Ordinal);
        Assert.Equal(["1 hello"], heard[1..]);
        Assert.EndsWith("\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: cart\r\n\r\n", endpoint.Sent, StringComparison.Ordinal);

        client.Data(1, "frame", isEnd: true);
        Assert.EndsWith("frame", endpoint.Sent, StringComparison.Ordinal);
        Assert.True(endpoint.IsFinished);
        endpoint.Receive("bye");
        endpoint.EndInput();
        Assert.Equal(["1 bye", "1 $"], client.Heard());
        Assert.Equal(0, waypoint.Destination.Active);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", "1 502 ")]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "1 403 ")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", "1 502 ")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", "1 502 ")]
    public void EndpointThatDoesNotAgree_SeesNothingOfWhatWasSaidTooEarly_AndItsConnectionIsNotUsedAgain(string answer, string told)
    {
        using LocalWaypoint waypoint = new();
        HeldPipe endpoint = waypoint.Expect();
        Http2Talk client = waypoint.ConnectHttp2();
        client.Head(1, isEnd: false, Connect);
        client.Data(1, "GET /smuggled HTTP/1.1\r\nHost: cart\r\n\r\n");
        endpoint.Receive(answer);
        Assert.StartsWith(told, client.Heard()[0], StringComparison.Ordinal);
        Assert.DoesNotContain("smuggled", endpoint.Sent, StringComparison.Ordinal);
        Assert.True(endpoint.IsAborted);
        Assert.Equal(0, waypoint.Destination.Active);
    }

    [Fact]
    public void EndpointThatNeverSaysWhatItAllows_IsNotWaitedForForEver()
    {
        ManualTime time = new();
        using LocalWaypoint waypoint = new(static action => action.Targets[0].Destination.Http2 = true, time: time);
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive(Upgrade);
        void Pass(int seconds)
        {
            time.Advance(TimeSpan.FromSeconds(seconds));
            waypoint.Turn();
            waypoint.Turn();
        }

        Pass(9);
        Assert.Equal(("", 1), (client.Sent, waypoint.Destination.Connections));
        Pass(2);
        Assert.StartsWith("HTTP/1.1 503 ", client.Sent, StringComparison.Ordinal);
        Assert.Equal((0, 0), (waypoint.Destination.Active, waypoint.Destination.Connections));
        Assert.True(endpoint.IsFinished);
        Pass(3);
        Assert.True(endpoint.IsAborted);
    }

    [Fact]
    public void ClientThatGoes_TakesTheEndpointsConnectionAlong()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe endpoint = waypoint.Expect();
        Http2Talk client = waypoint.ConnectHttp2();
        client.Head(1, isEnd: false, Connect);
        endpoint.Receive(Consent(endpoint));
        client.Say(Wire.Frame(FrameType.RstStream, 0, 1, Wire.Number((uint)Http2Error.Cancel)));
        Assert.True(endpoint.IsAborted);
        Assert.Equal(0, waypoint.Destination.Active);
    }

    [Fact]
    public void OtherProtocols_AreRefused()
    {
        using LocalWaypoint waypoint = new();
        Http2Talk client = waypoint.ConnectHttp2();
        client.Head(1, isEnd: false, [Connect[0], (":protocol", "connect-udp"), .. Connect[2..]]);
        Assert.StartsWith("1 403 ", client.Heard()[0], StringComparison.Ordinal);
        Assert.Equal(0, waypoint.Dialer.Dialled);
    }

    [Theory]
    [InlineData(":method", "GET")]
    [InlineData(":path", "*")]
    [InlineData(":scheme", "")]
    [InlineData(":authority", "")]
    [InlineData("content-length", "5")]
    public void ConnectThatIsNotWhole_IsReset(string name, string value)
    {
        using LocalWaypoint waypoint = new();
        Http2Talk client = waypoint.ConnectHttp2();
        List<(string Name, string Value)> fields = [.. Connect];
        fields.RemoveAll(field => field.Name == name);
        if (value.Length > 0)
        {
            fields.Insert(name.StartsWith(':') ? 0 : fields.Count, (name, value));
        }

        client.Head(1, isEnd: false, [.. fields]);
        Assert.Equal(["Reset 1 ProtocolError"], client.Heard());
        Assert.Equal(0, waypoint.Dialer.Dialled);
    }

    [Fact]
    public void ClientInHttp1_ReachesAnEndpointInHttp2_ThatHasSaidThatItTakesIt()
    {
        using LocalWaypoint waypoint = new(static action => action.Targets[0].Destination.Http2 = true);
        Http2Talk endpoint = new(waypoint.Expect());
        HeldPipe client = waypoint.Connect();
        client.Receive(Upgrade);
        Assert.Empty(endpoint.Heard());
        endpoint.Say(TakesUpgrades);
        Assert.Matches("^1 CONNECT websocket http cart /chat ", Assert.Single(endpoint.Heard()));

        endpoint.Head(1, isEnd: false, (":status", "200"), ("sec-websocket-protocol", "chat"));
        Assert.StartsWith("HTTP/1.1 101 Switching Protocols\r\n", client.Sent, StringComparison.Ordinal);
        Assert.Contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", client.Sent, StringComparison.Ordinal);
        client.Receive("frame");
        endpoint.Data(1, "hello");
        Assert.Equal(["1 frame"], endpoint.Heard());
        Assert.EndsWith("\r\n\r\nhello", client.Sent, StringComparison.Ordinal);
        endpoint.Data(1, "bye", isEnd: true);
        Assert.EndsWith("hellobye", client.Sent, StringComparison.Ordinal);
        Assert.True(client.IsFinished);
        Assert.Equal(0, waypoint.Destination.Active);
    }

    [Fact]
    public void BothSidesInHttp2_NeedNoKey()
    {
        using LocalWaypoint waypoint = new(static action => action.Targets[0].Destination.Http2 = true);
        Http2Talk endpoint = new(waypoint.Expect());
        Http2Talk client = waypoint.ConnectHttp2();
        client.Head(1, isEnd: false, Connect);
        endpoint.Say(TakesUpgrades);
        string asked = Assert.Single(endpoint.Heard());
        Assert.DoesNotContain("sec-websocket-key", asked, StringComparison.Ordinal);
        endpoint.Head(1, isEnd: false, (":status", "200"));
        string told = Assert.Single(client.Heard());
        Assert.StartsWith("1 200 ", told, StringComparison.Ordinal);
        Assert.DoesNotContain("sec-websocket-accept", told, StringComparison.Ordinal);
        client.Data(1, "a", isEnd: true);
        endpoint.Data(1, "b", isEnd: true);
        Assert.Equal(["1 a", "1 $"], endpoint.Heard());
        Assert.Equal(["1 b", "1 $"], client.Heard());
        Assert.Equal(0, waypoint.Destination.Active);
    }

    [Theory]
    [InlineData("settings")]
    [InlineData("http1")]
    [InlineData("end")]
    public void EndpointThatTakesItInHttp1Alone_IsAskedThere(string how)
    {
        using LocalWaypoint waypoint = new(static action => action.Targets[0].Destination.Http2 = true);
        Http2Talk first = new(waypoint.Expect());
        HeldPipe second = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive(Upgrade);
        switch (how)
        {
            case "settings":
                first.Say(Wire.Frame(FrameType.Settings, 0, 0));
                break;
            case "http1":
                first.Pipe.Receive("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
                break;
            default:
                first.Pipe.EndInput();
                break;
        }

        Assert.StartsWith("GET /chat HTTP/1.1\r\n", second.Sent, StringComparison.Ordinal);
        second.Receive("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nhello");
        Assert.StartsWith("HTTP/1.1 101 ", client.Sent, StringComparison.Ordinal);
        Assert.EndsWith("hello", client.Sent, StringComparison.Ordinal);
        Assert.Equal(1, waypoint.Destination.Active);
    }

    private static string Consent(HeldPipe endpoint)
    {
        string key = Regex.Match(endpoint.Sent, "sec-websocket-key: (.*)\r\n").Groups[1].Value;
        return $"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: chat\r\nSec-WebSocket-Accept: {WebSocketKey.Accept(key)}\r\n\r\n";
    }
}
