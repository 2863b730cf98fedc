using Ambient.Waypoint.Observation.Logs;

namespace Ambient.Waypoint.Tests.Observation;

public sealed class LogTimeTests
{
    [Theory]
    [InlineData("", "2026-03-04T05:06:07.089Z")]
    [InlineData("%Y/%m/%d %H:%M:%S", "2026/03/04 05:06:07")]
    [InlineData("%FT%T.%3f%z", "2026-03-04T05:06:07.089+0000")]
    [InlineData("%s.%6f", "1772600767.089000")]
    [InlineData("100%%", "100%")]
    [InlineData("%", "%")]
    [InlineData("%3", "")]
    public void Times_FollowTheirFormat(string format, string expected) =>
        Assert.Equal(expected, LogTime.Format(new DateTimeOffset(2026, 3, 4, 5, 6, 7, 89, TimeSpan.Zero), format));
}
