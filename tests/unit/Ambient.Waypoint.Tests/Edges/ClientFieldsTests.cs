using Ambient.Mesh.Addresses;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Forwarding;

namespace Ambient.Waypoint.Tests.Edges;

/// <summary>Who the client is, when proxies in front of us say so.</summary>
public sealed class ClientFieldsTests
{
    private static readonly IpAddress Peer = IpAddress.Parse("10.0.0.9");

    [Theory]
    [Trait("behaviour", "WP-254")]
    [InlineData(0, "1.1.1.1, 2.2.2.2", "10.0.0.9")]
    [InlineData(1, "1.1.1.1, 2.2.2.2", "2.2.2.2")]
    [InlineData(2, "1.1.1.1, 2.2.2.2", "1.1.1.1")]
    [InlineData(3, "1.1.1.1, 2.2.2.2", "10.0.0.9")]
    [InlineData(1, "1.1.1.1, nonsense", "10.0.0.9")]
    [InlineData(1, "", "10.0.0.9")]
    [InlineData(1, "fd00::7", "fd00::7")]
    public void TheClientIsWhomTheLastTrustedProxySaw(uint trusted, string forwarded, string client)
    {
        FieldList fields = new();
        fields.Add("x-forwarded-for", forwarded);
        Assert.Equal(IpAddress.Parse(client), ClientFields.ClientOf(fields, trusted, Peer));
    }

    [Fact]
    public void SeveralFields_AreOneList()
    {
        FieldList fields = new();
        fields.Add("x-forwarded-for", "1.1.1.1");
        fields.Add("x-forwarded-for", "2.2.2.2,3.3.3.3");
        Assert.Equal("1.1.1.1", ClientFields.ClientOf(fields, 3, Peer).ToString());
    }

    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("172.31.0.1", true)]
    [InlineData("172.32.0.1", false)]
    [InlineData("192.168.1.1", true)]
    [InlineData("8.8.8.8", false)]
    [InlineData("::1", true)]
    [InlineData("fd00::1", true)]
    [InlineData("fe80::1", true)]
    [InlineData("2001:db8::1", false)]
    public void PrivateAddresses_AreNobodyOutside(string address, bool isPrivate) => Assert.Equal(isPrivate, ClientFields.IsPrivate(IpAddress.Parse(address)));
}
