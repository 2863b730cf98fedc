using System.Text;
using Ambient.Hbone.Frames;
using Ambient.Protocol.L7;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Tests.Http2;

namespace Ambient.Waypoint.Tests.Forwarding;

/// <summary>gRPC-Web of browsers, for endpoints that speak gRPC.</summary>
public sealed class GrpcWebTests
{
    private const string Message = "\0\0\0\0\u0005hello";
    private const string Trailers = "\u0080\0\0\0\u000fgrpc-status:0\r\n";

    [Fact]
    public void Call_IsTranslated_AndTrailersAreTheLastMessage()
    {
        using LocalWaypoint waypoint = Make();
        Http2Talk endpoint = new(waypoint.Expect());
        HeldPipe client = waypoint.Connect();
        client.Receive(Call("application/grpc-web+proto", Message));
        List<string> heard = endpoint.Heard();
        Assert.StartsWith("1 POST  http cart /echo.Echo/Talk ", heard[0], StringComparison.Ordinal);
        Assert.Contains(" content-type=application/grpc+proto", heard[0], StringComparison.Ordinal);
        Assert.Contains(" te=trailers", heard[0], StringComparison.Ordinal);
        Assert.DoesNotContain("content-length", heard[0], StringComparison.Ordinal);
        Assert.Equal(["1 " + Message, "1 $"], heard[1..]);
        Reply(endpoint);
        Assert.StartsWith("HTTP/1.1 200 OK\r\ncontent-type: application/grpc-web+proto\r\n", client.Sent, StringComparison.Ordinal);
        Assert.EndsWith($"\r\n\r\na\r\n{Message}\r\n14\r\n{Trailers}\r\n0\r\n\r\n", client.Sent, StringComparison.Ordinal);
    }

    [Fact]
    public void TextForm_IsBase64_InBothDirections()
    {
        using LocalWaypoint waypoint = Make();
        Http2Talk endpoint = new(waypoint.Expect());
        HeldPipe client = waypoint.Connect();
        client.Receive(Call("application/grpc-web-text", Base64(Message[..4]) + Base64(Message[4..])));
        Assert.Equal(["1 " + Message, "1 $"], endpoint.Heard()[1..]);
        Reply(endpoint);
        Assert.Contains("content-type: application/grpc-web-text+proto\r\n", client.Sent, StringComparison.Ordinal);
        Assert.EndsWith($"\r\n\r\n10\r\n{Base64(Message)}\r\n1c\r\n{Base64(Trailers)}\r\n0\r\n\r\n", client.Sent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AAAA*AAA")]
    [InlineData("AAAAA")]
    [InlineData("A=AA")]
    public void TextThatIsNoBase64_IsRefused(string body)
    {
        using LocalWaypoint waypoint = Make();
        Http2Talk endpoint = new(waypoint.Expect());
        HeldPipe client = waypoint.Connect();
        client.Receive(Call("application/grpc-web-text", body));
        Assert.Contains("content-type: application/grpc-web-text+proto\r\ngrpc-status: 13\r\ngrpc-message: Bad gRPC-web request, invalid base64 data.\r\n", client.Sent, StringComparison.Ordinal);
        Assert.StartsWith("Reset 1 ", endpoint.Heard()[^1], StringComparison.Ordinal);
        Assert.Equal(0, waypoint.Destination.Active);
    }

    [Theory]
    [InlineData("AAAAA")]
    [InlineData("AAAAAA*")]
    public void CopiesOfTextThatIsNoBase64_AreGivenUp(string body)
    {
        using LocalWaypoint waypoint = new(
            static action =>
            {
                action.Targets[0].Destination.Http2 = true;
                action.Mirrors.Add(new Mirror { Share = 1_000_000, Destination = action.Targets[0].Destination });
            },
            editPort: static port => port.GrpcWeb = true);
        waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive(Call("application/grpc-web-text", body)[..^1]);
        Assert.Equal((2, 1), (waypoint.Destination.Active, waypoint.Loop.Mirrors));
        client.Receive(body[^1..]);
        Assert.Contains("grpc-status: 13\r\n", client.Sent, StringComparison.Ordinal);
        Assert.Equal((0, 0), (waypoint.Destination.Active, waypoint.Loop.Mirrors));
    }

    [Fact]
    public void AnswersOfOurOwn_AreInGrpcWeb()
    {
        using LocalWaypoint waypoint = new(editPort: static port => (port.GrpcWeb, port.Http[0].Match) = (true, new HttpMatch { Path = new PathMatch { Exact = "/other" } }));
        HeldPipe client = waypoint.Connect();
        client.Receive(Call("application/grpc-web", Message));
        Assert.StartsWith("HTTP/1.1 200 OK\r\ncontent-type: application/grpc-web+proto\r\ngrpc-status: 12\r\n", client.Sent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/grpc-web", false)]
    [InlineData("application/grpc-website", true)]
    [InlineData("application/json", true)]
    public void OtherPorts_AndOtherTypes_PassAsTheyAre(string type, bool isWebPort)
    {
        using LocalWaypoint waypoint = new(editPort: port => port.GrpcWeb = isWebPort);
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive(Call(type, Message));
        Assert.Contains($"content-type: {type}\r\n", endpoint.Sent, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n" + Message, endpoint.Sent, StringComparison.Ordinal);
        endpoint.Receive("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok");
        Assert.Contains("content-type: text/plain\r\ncontent-length: 2\r\n", client.Sent, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void AnyText_InAnyPieces_IsDecodedAsAWhole()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        for (int round = 0; round < 500; round++)
        {
            byte[][] parts = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => new byte[random.Next(0, 40)])];
            Array.ForEach(parts, random.NextBytes);
            byte[] text = Encoding.Latin1.GetBytes(string.Concat(parts.Select(Convert.ToBase64String)));
            RequestHead head = new() { Method = "POST" };
            head.Fields.Add("content-type", "application/grpc-web-text");
            GrpcWebTranslation web = GrpcWebTranslation.Of(head)!;
            List<byte> decoded = [];
            for (int at = 0; at < text.Length;)
            {
                int piece = Math.Min(random.Next(1, 30), text.Length - at);
                byte[] into = new byte[GrpcWebTranslation.DecodedBound(piece)];
                int length = web.Decode(text.AsSpan(at, piece), into);
                Assert.True(length >= 0, $"seed {seed}");
                decoded.AddRange(into.AsSpan(0, length));
                at += piece;
            }

            Assert.True(!web.IsTorn && decoded.SequenceEqual(parts.SelectMany(static part => part)), $"seed {seed}");
            byte[] noise = new byte[random.Next(1, 50)];
            random.NextBytes(noise);
            _ = web.Decode(noise, new byte[GrpcWebTranslation.DecodedBound(noise.Length)]);
        }
    }

    private static LocalWaypoint Make() => new(static action => action.Targets[0].Destination.Http2 = true, editPort: static port => port.GrpcWeb = true);

    private static string Call(string type, string body) => $"POST /echo.Echo/Talk HTTP/1.1\r\nHost: cart\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\n\r\n{body}";

    private static void Reply(Http2Talk endpoint)
    {
        endpoint.Say(Wire.Frame(FrameType.Settings, 0, 0));
        endpoint.Head(1, isEnd: false, (":status", "200"), ("content-type", "application/grpc"));
        endpoint.Data(1, Message);
        endpoint.Head(1, isEnd: true, ("grpc-status", "0"));
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.Latin1.GetBytes(text));
}
