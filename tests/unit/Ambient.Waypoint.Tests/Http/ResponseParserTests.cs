using System.Text;
using Ambient.Waypoint.Http;

namespace Ambient.Waypoint.Tests.Http;

public sealed class ResponseParserTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, 200, BodyKind.Length)]
    [InlineData("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false, 200, BodyKind.Length)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, 200, BodyKind.Chunked)]
    [InlineData("HTTP/1.0 200 OK\r\n\r\n", false, 200, BodyKind.UntilClose)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, 200, BodyKind.None)]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", false, 204, BodyKind.None)]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, 304, BodyKind.None)]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", false, 103, BodyKind.None)]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", false, 101, BodyKind.Upgraded)]
    public void Head_IsRead(string text, bool isHead, int status, BodyKind kind)
    {
        ResponseHead head = new();
        Assert.Equal(ParseStatus.Complete, ResponseParser.Read(Encoding.Latin1.GetBytes(text), isHead, head, out int consumed, out BodyFraming framing, out _));
        Assert.Equal((status, kind, text.Length), (head.Status, framing.Kind, consumed));
    }

    [Theory]
    [InlineData("HTTP/1.1 20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 099 OK\r\n\r\n")]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n")]
    public void LyingResponse_IsRefused(string text) =>
        Assert.Equal(ParseStatus.Bad, ResponseParser.Read(Encoding.Latin1.GetBytes(text), isHead: false, new ResponseHead(), out _, out _, out _));
}
