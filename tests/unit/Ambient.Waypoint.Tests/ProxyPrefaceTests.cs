using System.Text;
using Ambient.Mesh.Addresses;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Tests;

public sealed class ProxyPrefaceTests
{
    [Theory]
    [InlineData("10.0.0.1:1000", "10.96.0.10:80", "PROXY TCP4 10.0.0.1 10.96.0.10 1000 80\r\n")]
    [InlineData("[fd00::1]:1000", "[fd00::2]:80", "PROXY TCP6 fd00::1 fd00::2 1000 80\r\n")]
    [InlineData("10.0.0.1:1000", "[fd00::2]:80", "PROXY UNKNOWN\r\n")]
    public void FirstVersion_IsALine(string source, string target, string expected) => Assert.Equal(expected, Encoding.ASCII.GetString(Make(1, source, target).Bytes()));

    [Theory]
    [InlineData("10.0.0.1:1000", "10.96.0.10:80", "0D0A0D0A000D0A515549540A2111000C0A0000010A60000A03E80050")]
    [InlineData("[fd00::1]:1000", "[fd00::2]:80", "0D0A0D0A000D0A515549540A21210024FD000000000000000000000000000001FD00000000000000000000000000000203E80050")]
    [InlineData("10.0.0.1:1000", "[fd00::2]:80", "0D0A0D0A000D0A515549540A21000000")]
    public void SecondVersion_IsBinary(string source, string target, string expected) => Assert.Equal(expected, Convert.ToHexString(Make(2, source, target).Bytes()));

    [Fact]
    public void Connections_AreSharedByOneClientAlone()
    {
        Assert.Equal(Make(1, "10.0.0.1:1", "10.0.0.2:2"), Make(1, "10.0.0.1:1", "10.0.0.2:2"));
        Assert.NotEqual(Make(1, "10.0.0.1:1", "10.0.0.2:2"), Make(1, "10.0.0.1:3", "10.0.0.2:2"));
    }

    private static ProxyPreface Make(uint version, string source, string target)
    {
        Assert.True(IpPort.TryParse(source, out IpPort from));
        Assert.True(IpPort.TryParse(target, out IpPort to));
        return new ProxyPreface(version, from, to);
    }
}
