using Ambient.Mesh.Addresses;

namespace Ambient.Mesh.Tests.Addresses;

/// <summary>Addresses that are not one host's.</summary>
public sealed class SpecialAddressesTests
{
    [Theory]
    [InlineData("0.0.0.0", SpecialAddress.Unspecified)]
    [InlineData("0.1.2.3", SpecialAddress.Unspecified)]
    [InlineData("::", SpecialAddress.Unspecified)]
    [InlineData("127.0.0.1", SpecialAddress.Loopback)]
    [InlineData("127.255.255.255", SpecialAddress.Loopback)]
    [InlineData("::1", SpecialAddress.Loopback)]
    [InlineData("::127.0.0.1", SpecialAddress.Loopback)]
    [InlineData("::ffff:127.0.0.1", SpecialAddress.Loopback)]
    [InlineData("64:ff9b::127.0.0.1", SpecialAddress.Loopback)]
    [InlineData("2002:7f00:1::", SpecialAddress.Loopback)]
    [InlineData("2002:7f00:1:5::9", SpecialAddress.Loopback)]
    [InlineData("169.254.169.254", SpecialAddress.LinkLocal)]
    [InlineData("::ffff:169.254.169.254", SpecialAddress.LinkLocal)]
    [InlineData("64:ff9b::a9fe:a9fe", SpecialAddress.LinkLocal)]
    [InlineData("2002:a9fe:a9fe::1", SpecialAddress.LinkLocal)]
    [InlineData("fe80::1", SpecialAddress.LinkLocal)]
    [InlineData("fd00:ec2::254", SpecialAddress.LinkLocal)]
    [InlineData("febf:ffff::1", SpecialAddress.LinkLocal)]
    [InlineData("224.0.0.1", SpecialAddress.Several)]
    [InlineData("239.255.255.255", SpecialAddress.Several)]
    [InlineData("255.255.255.255", SpecialAddress.Several)]
    [InlineData("ff02::1", SpecialAddress.Several)]
    [InlineData("ffff::1", SpecialAddress.Several)]
    [InlineData("1.0.0.0", SpecialAddress.None)]
    [InlineData("126.255.255.255", SpecialAddress.None)]
    [InlineData("128.0.0.1", SpecialAddress.None)]
    [InlineData("169.253.255.255", SpecialAddress.None)]
    [InlineData("169.255.0.0", SpecialAddress.None)]
    [InlineData("223.255.255.255", SpecialAddress.None)]
    [InlineData("240.0.0.1", SpecialAddress.None)]
    [InlineData("255.255.255.254", SpecialAddress.None)]
    [InlineData("::10.0.0.1", SpecialAddress.None)]
    [InlineData("fd00:ec2::255", SpecialAddress.None)]
    [InlineData("fd00:ec2:0:1::254", SpecialAddress.None)]
    [InlineData("::1:0:0:1", SpecialAddress.None)]
    [InlineData("64:ff9b::10.0.0.1", SpecialAddress.None)]
    [InlineData("64:ff9b::1:7f00:1", SpecialAddress.None)]
    [InlineData("64:ff9b:1::127.0.0.1", SpecialAddress.None)]
    [InlineData("2002:a00:1::", SpecialAddress.None)]
    [InlineData("2001:db8::7f00:1", SpecialAddress.None)]
    [InlineData("fe7f::1", SpecialAddress.None)]
    [InlineData("fec0::1", SpecialAddress.None)]
    public void Address_MeansWhatItMeans(string text, SpecialAddress expected)
    {
        IpAddress address = IpAddress.Parse(text);
        Assert.Equal((expected, expected != SpecialAddress.None), (SpecialAddresses.KindOf(address), SpecialAddresses.Contains(address)));
    }
}
