using System.Text;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Http;

namespace Ambient.Waypoint.Tests.Http;

public sealed class RequestParserTests
{
    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", "a", BodyKind.None)]
    [InlineData("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", "a", BodyKind.None)]
    [InlineData("POST /x?y=z HTTP/1.1\r\nhost:a:80\r\ncontent-length: 5\r\n\r\n", "POST", "/x?y=z", "a:80", BodyKind.Length)]
    [InlineData("POST / HTTP/1.1\r\nHOST: a \r\nTransfer-Encoding: Chunked\r\n\r\n", "POST", "/", "a", BodyKind.Chunked)]
    [InlineData("GET http://b:81/p?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/p?q", "b:81", BodyKind.None)]
    [InlineData("GET http://b HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", "b", BodyKind.None)]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS", "/*", "a", BodyKind.None)]
    public void Head_IsRead(string text, string method, string target, string authority, BodyKind kind)
    {
        RequestHead head = new();
        byte[] bytes = Encoding.Latin1.GetBytes(text + "REST");
        Assert.Equal(ParseStatus.Complete, RequestParser.Read(bytes, head, out int consumed, out BodyFraming framing, out bool isHttp11, out _));
        Assert.Equal((text.Length, method, target, authority, kind, true), (consumed, head.Method, head.Target, head.Authority, framing.Kind, isHttp11));
        Assert.False(head.Fields.Contains("host"));

        // Each beginning of it is one that more bytes may complete.
        for (int i = 0; i < text.Length; i++)
        {
            Assert.Equal(ParseStatus.Incomplete, RequestParser.Read(bytes.AsSpan(0, i), head, out _, out _, out _, out _));
        }
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\nHost: a\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n")]
    [InlineData("GET  / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET / x HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET /\tx HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("G@T / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET / HTTP/1.2\r\nHost: a\r\n\r\n")]
    [InlineData("GET / HTTP/2.0\r\nHost: a\r\n\r\n")]
    [InlineData("GET / http/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET /\r\n\r\n")]
    [InlineData("GET x HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost : a\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\n Host: a\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost:\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a, b c\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \vchunked\r\n\r\n")]
    [InlineData("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")]
    public void WhatTwoReadersCouldReadDifferently_IsRefused(string text)
    {
        Assert.Equal(ParseStatus.Bad, RequestParser.Read(Encoding.Latin1.GetBytes(text), new RequestHead(), out _, out _, out _, out HttpError error));
        Assert.Equal(400, error.Status);
    }

    [Fact]
    public void TooMuch_Is431()
    {
        StringBuilder many = new("GET / HTTP/1.1\r\nHost: a\r\n");
        for (int i = 0; i < 100; i++)
        {
            many.Append("x: y\r\n");
        }

        Assert.Equal(431, ErrorOf(many + "\r\n"));
        Assert.Equal(431, ErrorOf("GET / HTTP/1.1\r\nHost: a\r\nx: " + new string('y', RequestParser.MaxHead)));
        Assert.Equal(431, ErrorOf("GET /" + new string('y', RequestParser.MaxHead)));
    }

    [Fact]
    public void RandomBytes_NeverThrow()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        byte[] valid = "POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-Y: z\r\n\r\n"u8.ToArray();
        RequestHead head = new();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = [.. valid];
            for (int changes = random.Next(1, 5); changes > 0; changes--)
            {
                bytes[random.Next(bytes.Length)] = (byte)"\r\n: \t,;/AG5\0\x7f\xff"[random.Next(14)];
            }

            ParseStatus status = RequestParser.Read(bytes, head, out int consumed, out _, out _, out HttpError error);
            Assert.True(status == ParseStatus.Bad ? error.Status >= 400 : consumed <= bytes.Length, $"seed {seed}");
        }
    }

    private static int ErrorOf(string text)
    {
        Assert.Equal(ParseStatus.Bad, RequestParser.Read(Encoding.Latin1.GetBytes(text), new RequestHead(), out _, out _, out _, out HttpError error));
        return error.Status;
    }
}
