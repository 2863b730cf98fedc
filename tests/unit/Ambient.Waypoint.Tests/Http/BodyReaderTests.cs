using System.Text;
using Ambient.Waypoint.Http;

namespace Ambient.Waypoint.Tests.Http;

public sealed class BodyReaderTests
{
    [Theory]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", "hello", 0)]
    [InlineData("5;a=b\r\nhello\r\n1\r\n!\r\n000\r\nx: y\r\nz: w\r\n\r\n", "hello!", 2)]
    [InlineData("a\r\n0123456789\r\nA;x=\"y\"\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", 0)]
    public void Chunks_AreReadInPiecesOfAnySize(string text, string expected, int trailers)
    {
        for (int piece = 1; piece <= text.Length; piece++)
        {
            BodyReader reader = BodyReader.Of(new BodyFraming(BodyKind.Chunked, -1));
            Assert.Equal((expected, text.Length), Read(ref reader, text + "NEXT", piece));
            Assert.True(reader.IsComplete);
            Assert.Equal(trailers, reader.Trailers?.Count ?? 0);
        }
    }

    [Theory]
    [InlineData("5\nhello\r\n0\r\n\r\n")]
    [InlineData("5\r\nhello0\r\n\r\n")]
    [InlineData("5\r\nhello\n0\r\n\r\n")]
    [InlineData("\r\n5\r\nhello\r\n")]
    [InlineData("g\r\n")]
    [InlineData("0x5\r\nhello\r\n")]
    [InlineData(" 5\r\nhello\r\n")]
    [InlineData("5 \r\nhello\r\n")]
    [InlineData("-1\r\n")]
    [InlineData("ffffffffffffffffff\r\n")]
    [InlineData("5;a\nb\r\nhello\r\n")]
    [InlineData("5;a\0\r\nhello\r\n")]
    [InlineData("0\r\nx : y\r\n\r\n")]
    [InlineData("0\r\nx: y\n\r\n")]
    [InlineData("0\r\n y\r\n\r\n")]
    public void ChunksThatTwoReadersCouldReadDifferently_AreRefused(string text)
    {
        BodyReader reader = BodyReader.Of(new BodyFraming(BodyKind.Chunked, -1));
        Read(ref reader, text, 3);
        Assert.True(reader.IsBad);
    }

    [Fact]
    public void Trailers_NeverFrameNorProveAnything()
    {
        BodyReader reader = BodyReader.Of(new BodyFraming(BodyKind.Chunked, -1));
        Read(ref reader, "0\r\nContent-Length: 9\r\nHost: b\r\nAuthorization: x\r\ngrpc-status: 0\r\nX-Forwarded-Client-Cert: y\r\n\r\n", 7);
        Assert.Equal("grpc-status", reader.Trailers!.Name(0).ToString());
        Assert.Equal(1, reader.Trailers.Count);
    }

    [Fact]
    public void TooLongLines_AreRefused()
    {
        foreach (string text in new[] { "5;" + new string('a', 300), "0\r\nx: " + new string('a', 9000) })
        {
            BodyReader reader = BodyReader.Of(new BodyFraming(BodyKind.Chunked, -1));
            Read(ref reader, text, 1000);
            Assert.True(reader.IsBad);
        }
    }

    [Fact]
    public void LengthAndEndOfConnection()
    {
        BodyReader sized = BodyReader.Of(new BodyFraming(BodyKind.Length, 3));
        Assert.Equal(("abc", 3), Read(ref sized, "abcdef", 2));
        Assert.True(sized.IsComplete);
        BodyReader endless = BodyReader.Of(new BodyFraming(BodyKind.UntilClose, -1));
        Assert.Equal(("abcdef", 6), Read(ref endless, "abcdef", 4));
        Assert.False(endless.IsComplete);
        Assert.True(endless.EndOfConnection());
        BodyReader cut = BodyReader.Of(new BodyFraming(BodyKind.Length, 3));
        Read(ref cut, "ab", 2);
        Assert.False(cut.EndOfConnection());
        Assert.True(BodyReader.Of(BodyFraming.None).IsComplete);
    }

    private static (string Body, int Used) Read(ref BodyReader reader, string text, int piece)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        StringBuilder body = new();
        int at = 0;
        int end = 0;
        while (at < bytes.Length && !reader.IsComplete && !reader.IsBad)
        {
            end = Math.Min(bytes.Length, Math.Max(end, at + piece));
            at += reader.Read(bytes.AsSpan(at, end - at), out ReadOnlySpan<byte> data);
            body.Append(Encoding.Latin1.GetString(data));
        }

        return (body.ToString(), at);
    }
}
