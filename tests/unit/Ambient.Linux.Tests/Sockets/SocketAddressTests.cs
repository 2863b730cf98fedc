using Ambient.Linux.Sockets;

namespace Ambient.Linux.Tests.Sockets;

public sealed class SocketAddressTests
{
    [Theory]
    [InlineData("1.2.3.4:80", true)]
    [InlineData("127.0.0.1:0", true)]
    [InlineData("[::1]:80", false)]
    [InlineData("[2001:db8::1]:65535", false)]
    public void TryParse_RoundTrips(string text, bool ipv4)
    {
        Assert.True(SocketAddress.TryParse(text, out SocketAddress address));
        Assert.Equal(ipv4, address.IsIPv4);
        Assert.Equal(text, address.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("1.2.3.4")]
    [InlineData("1.2.3:80")]
    [InlineData("::1:80")]
    [InlineData("[1.2.3.4]:80")]
    [InlineData("[::1]")]
    [InlineData("[]:1")]
    [InlineData(":80")]
    [InlineData("1.2.3.4:65536")]
    [InlineData("1.2.3.4:-1")]
    [InlineData("localhost:80")]
    public void TryParse_Nonsense_IsRefused(string text) => Assert.False(SocketAddress.TryParse(text, out _));

    [Fact]
    public void MappedIPv4_IsCanonicalised()
    {
        Span<byte> mapped = stackalloc byte[16];
        System.Net.IPAddress.Parse("::ffff:10.1.2.3").TryWriteBytes(mapped, out _);
        SocketAddress address = SocketAddress.From(mapped, 5);
        Assert.True(address.IsIPv4);
        Assert.Equal("10.1.2.3:5", address.ToString());
        Assert.Equal(SocketAddress.From([10, 1, 2, 3], 5), address);
    }

    [Theory]
    [InlineData("127.9.9.9:1", true)]
    [InlineData("[::1]:1", true)]
    [InlineData("128.0.0.1:1", false)]
    [InlineData("[::2]:1", false)]
    public void IsLoopback_KnowsBothFamilies(string text, bool expected)
    {
        Assert.True(SocketAddress.TryParse(text, out SocketAddress address));
        Assert.Equal(expected, address.IsLoopback);
    }

    [Fact]
    public unsafe void Native_RoundTrips_InBothFamilies()
    {
        const int Seed = 4711;
        var random = new Random(Seed);
        byte* native = stackalloc byte[28];
        Span<byte> bytes = stackalloc byte[16];
        for (int i = 0; i < 500; i++)
        {
            int length = i % 2 == 0 ? 4 : 16;
            random.NextBytes(bytes);
            SocketAddress address = SocketAddress.From(bytes[..length], (ushort)random.Next(65536));
            uint size = address.WriteNative(native, !address.IsIPv4);
            Assert.Equal(address, SocketAddress.ReadNative(native, size));
            size = address.WriteNative(native, asIPv6: true);
            Assert.Equal(address, SocketAddress.ReadNative(native, size));
            Assert.True(SocketAddress.ReadNative(native, size - 1).IsNone);
        }
    }
}
