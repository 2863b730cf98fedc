using Ambient.Telemetry.Logging;

namespace Ambient.Telemetry.Tests.Logging;

public sealed class LogDirectivesTests
{
    [Theory]
    [InlineData(null, "x", LogLevel.Info)]
    [InlineData("", "x", LogLevel.Info)]
    [InlineData("debug", "x", LogLevel.Debug)]
    [InlineData("INFO", "x", LogLevel.Info)]
    [InlineData("warn,access=off", "access", LogLevel.Off)]
    [InlineData("warn,access=off", "ztunnel::proxy", LogLevel.Warn)]
    [InlineData("ztunnel=trace,ztunnel::proxy=error,info", "ztunnel::proxy::inbound", LogLevel.Error)]
    [InlineData("ztunnel=trace,ztunnel::proxy=error,info", "ztunnel::dns", LogLevel.Trace)]
    [InlineData("access=debug", "other", LogLevel.Error)]
    public void LevelFor_LongestPrefixWins(string? text, string target, LogLevel expected)
    {
        Assert.True(LogDirectives.TryParse(text, out LogDirectives? directives, out _));
        Assert.Equal(expected, directives.LevelFor(target));
    }

    [Theory]
    [InlineData("invalid_level", "invalid_level")]
    [InlineData("info,access", "access")]
    [InlineData("access=loud", "access=loud")]
    [InlineData("=info", "=info")]
    [InlineData("access:debug", "access:debug")]
    public void TryParse_Wrong_NamesThePart(string text, string part)
    {
        Assert.False(LogDirectives.TryParse(text, out _, out string? error));
        Assert.Equal(part, error);
    }

    [Fact]
    public void Text_BeginsWithTheFixedDirectiveAndEndsWithTheBareLevel()
    {
        Assert.Equal("hickory_server::server=off,info", LogDirectives.Default.Text);
        Assert.True(LogDirectives.Default.TryAdd("access=debug,warn", out LogDirectives? added, out _));
        Assert.Equal("hickory_server::server=off,access=debug,warn", added.Text);
        Assert.True(added.TryAdd("access=info", out added, out _));
        Assert.Equal("hickory_server::server=off,access=info,warn", added.Text);
    }
}
