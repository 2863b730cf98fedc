using Ambient.Grpc.Framing;

namespace Ambient.Grpc.Tests.Framing;

public sealed class GrpcTimeoutTests
{
    [Theory]
    [InlineData("1H", 3_600_000)]
    [InlineData("2M", 120_000)]
    [InlineData("3S", 3_000)]
    [InlineData("20000m", 20_000)]
    [InlineData("5000u", 5)]
    [InlineData("7000000n", 7)]
    [InlineData("99999999H", 30.0 * 24 * 3_600_000)]
    public void Units_AreRead(string text, double milliseconds)
    {
        Assert.True(GrpcTimeout.TryParse(text, out TimeSpan limit));
        Assert.Equal(milliseconds, limit.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("m")]
    [InlineData("-1m")]
    [InlineData("+1m")]
    [InlineData("1.5S")]
    [InlineData(" 1S")]
    [InlineData("123456789S")]
    [InlineData("1D")]
    public void OtherTexts_AreNone(string text) => Assert.False(GrpcTimeout.TryParse(text, out _));

    [Fact]
    public void Format_IsReadBack()
    {
        Assert.True(GrpcTimeout.TryParse(GrpcTimeout.Format(TimeSpan.FromSeconds(12.5)), out TimeSpan limit));
        Assert.Equal(12.5, limit.TotalSeconds);
        Assert.Equal("1m", GrpcTimeout.Format(TimeSpan.Zero));
    }

    [Fact]
    public void Messages_KeepTheirText() =>
        Assert.Equal("100% ✗\u0041", GrpcStatus.Parse("3", GrpcStatus.EncodeMessage("100% ✗\u0041")).Detail);
}
