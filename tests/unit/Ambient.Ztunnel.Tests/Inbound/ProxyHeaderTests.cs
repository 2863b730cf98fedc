using Ambient.Mesh.Addresses;
using Ambient.Mesh.Identities;
using Ambient.Ztunnel.Inbound;

namespace Ambient.Ztunnel.Tests.Inbound;

/// <summary>What an application is told of its caller, byte by byte.</summary>
public sealed class ProxyHeaderTests
{
    private const string Signature = "0D0A0D0A000D0A515549540A";

    [Theory]
    [InlineData("10.1.1.1:4444", "10.96.0.10:80", "11000C" + "0A010101" + "0A60000A")]
    [InlineData("[fd00::1]:4444", "[fd00::10]:80", "210024" + "FD000000000000000000000000000001" + "FD000000000000000000000000000010")]
    [InlineData("10.1.1.1:4444", "[fd00::10]:80", "210024" + "00000000000000000000FFFF0A010101" + "FD000000000000000000000000000010")]
    [InlineData("[fd00::1]:4444", "10.96.0.10:80", "210024" + "FD000000000000000000000000000001" + "00000000000000000000FFFF0A60000A")]
    public void Addresses_AreSaid_AlsoThoseOfTwoFamilies(string source, string target, string expected) =>
        Assert.Equal(Signature + "21" + expected + "115C0050", Convert.ToHexString(ProxyHeader.Format(IpPort.Parse(source), IpPort.Parse(target), null)));

    [Fact]
    public void Identity_ComesBehindThem()
    {
        byte[] header = ProxyHeader.Format(IpPort.Parse("10.1.1.1:4444"), IpPort.Parse("[fd00::10]:80"), new SpiffeId("td", "ns", "sa"));
        Assert.Equal(36 + 3 + 23, header[15]);
        Assert.Equal((byte[])[0xD0, 0, 23, .. "spiffe://td/ns/ns/sa/sa"u8], header[^26..]);
    }
}
