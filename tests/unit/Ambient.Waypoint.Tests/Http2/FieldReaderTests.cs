using Ambient.Hbone.Headers;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Http2;

namespace Ambient.Waypoint.Tests.Http2;

/// <summary>What could become another message behind a translation to HTTP/1.1 is a defect.</summary>
public sealed class FieldReaderTests
{
    [Theory]
    [InlineData("x", "a\r\nGET /admin HTTP/1.1")]
    [InlineData("x", "a\nb")]
    [InlineData("x", "a\0b")]
    [InlineData("x", "a\u0001b")]
    [InlineData("x", " padded")]
    [InlineData("x\r\ny", "1")]
    [InlineData("x y", "1")]
    [InlineData("x:y", "1")]
    [InlineData("x(y", "1")]
    [InlineData("X", "1")]
    [InlineData("", "1")]
    [InlineData("transfer-encoding", "chunked")]
    [InlineData("connection", "close")]
    [InlineData("proxy-connection", "close")]
    [InlineData("keep-alive", "1")]
    [InlineData("upgrade", "h2c")]
    [InlineData("te", "gzip")]
    [InlineData("content-length", "1, 2")]
    [InlineData("content-length", "+1")]
    [InlineData("content-length", "")]
    [InlineData("content-length", "9999999999999999999")]
    [InlineData(":method", "GET POST")]
    [InlineData(":path", "/ HTTP/1.1")]
    [InlineData(":path", "")]
    [InlineData(":path", "/\u00e4")]
    [InlineData(":scheme", "ftp")]
    [InlineData(":status", "20")]
    [InlineData(":status", "abc")]
    [InlineData(":protocol", "web socket")]
    [InlineData(":protocol", "websocket\r\nHost: x")]
    [InlineData(":protocol", "")]
    [InlineData(":unknown", "1")]
    public void Field_ThatTwoReadersCouldReadDifferently_IsADefect(string name, string value) => Assert.NotNull(Read((name, value)).Defect);

    [Fact]
    public void PseudoFields_ComeOnce_AndFirst()
    {
        Assert.NotNull(Read((":method", "GET"), (":method", "GET")).Defect);
        Assert.NotNull(Read((":path", "/"), (":path", "/b")).Defect);
        Assert.NotNull(Read(("content-length", "1"), ("content-length", "1")).Defect);
        Assert.NotNull(Read(("x", "1"), (":path", "/")).Defect);
        FieldReader good = Read((":method", "PATCH"), (":scheme", "https"), (":authority", "a:1"), (":path", "/b?c"), ("te", "trailers"), ("content-length", "12"));
        Assert.Null(good.Defect);
        Assert.Equal(("PATCH", "https", "a:1", "/b?c", 12), (good.Method, good.Scheme, good.Authority, good.Path, good.ContentLength));
    }

    [Fact]
    public void Cookies_BecomeOneLine()
    {
        FieldList fields = new();
        Read(fields, ("cookie", "a=b"), ("x", "1"), ("cookie", "c=d"));
        Assert.Equal("a=b; c=d", fields.Text("cookie"));
        Assert.Equal(2, fields.Count);
    }

    [Fact]
    public void Fields_AreCounted()
    {
        FieldList fields = new();
        FieldReader reader = Read(fields, [.. Enumerable.Range(0, 101).Select(i => ($"x{i}", "1"))]);
        Assert.True(reader.HasTooMany);
        Assert.Equal(100, fields.Count);
    }

    private static FieldReader Read(params (string Name, string Value)[] fields) => Read(new FieldList(), fields);

    private static FieldReader Read(FieldList into, params (string Name, string Value)[] fields)
    {
        FieldReader reader = new();
        reader.Begin(into);
        Assert.True(new HpackDecoder(100_000).TryDecode(Wire.Block(fields), reader, out _));
        reader.End();
        return reader;
    }
}
