using System.Net;
using System.Net.Sockets;
using Ambient.Mesh.Addresses;

namespace Ambient.Mesh.Tests.Addresses;

public class IpAddressTests
{
    [Theory]
    [Trait("behaviour", "ZT-82")]
    [InlineData(new byte[] { 0, 0, 0, 0 }, "0.0.0.0")]
    [InlineData(new byte[] { 10, 1, 2, 3 }, "10.1.2.3")]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, "::1")]
    [InlineData(new byte[] { 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, "2001:db8::")]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 1, 2, 3, 4 }, "1.2.3.4")]
    public void From_Bytes_GivesTheText(byte[] bytes, string text)
    {
        Assert.True(IpAddress.TryFrom(bytes, out IpAddress address));
        Assert.Equal(text, address.ToString());
    }

    [Theory]
    [Trait("behaviour", "ZT-82")]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(15)]
    [InlineData(17)]
    public void From_AnotherNumberOfBytes_IsRefused(int count) => Assert.False(IpAddress.TryFrom(new byte[count], out _));

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.256")]
    [InlineData("01.2.3.4")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("1.2.3.")]
    [InlineData(".1.2.3")]
    [InlineData("1..2.3")]
    [InlineData(" 1.2.3.4")]
    [InlineData(":")]
    [InlineData(":::")]
    [InlineData("1::2::3")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1:2:3:4:5:6:7::8")]
    [InlineData("12345::")]
    [InlineData("::g")]
    [InlineData("::1%eth0")]
    [InlineData("[::1]")]
    [InlineData("::1.2.3")]
    [InlineData("1:2:3:4:5:6:7:1.2.3.4")]
    [InlineData("1:")]
    [InlineData("1:2:3:4:5:6:7:")]
    [InlineData("::1 ")]
    [InlineData("::+1")]
    public void Parse_WhatIsNoAddress_IsRefused(string text) => Assert.False(IpAddress.TryParse(text, out _));

    [Theory]
    [Trait("behaviour", "ZT-234")]
    [InlineData("::ffff:10.0.0.1", "10.0.0.1")]
    [InlineData("::FFFF:0a00:1", "10.0.0.1")]
    [InlineData("::", "::")]
    [InlineData("0:0:0:0:0:0:0:0", "::")]
    [InlineData("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1")]
    [InlineData("1:0:3:0:5:0:7:0", "1:0:3:0:5:0:7:0")]
    [InlineData("::1.2.3.4", "::102:304")]
    [InlineData("1::", "1::")]
    [InlineData("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304")]
    public void Parse_CanonicalisesTheText(string text, string canonical) => Assert.Equal(canonical, IpAddress.Parse(text).ToString());

    [Fact]
    public void Text_AgreesWithTheFramework_ForRandomAddresses()
    {
        const int Seed = 20260820;
        Random random = new(Seed);
        byte[] bytes = new byte[16];
        byte[] written = new byte[16];
        for (int i = 0; i < 20_000; i++)
        {
            random.NextBytes(bytes);
            for (int g = 0; g < 16; g += 2)
            {
                if (random.Next(3) > 0)
                {
                    bytes[g] = bytes[g + 1] = 0;
                }
            }

            ReadOnlySpan<byte> used = i % 2 == 0 ? bytes : bytes.AsSpan(0, 4);
            IpAddress address = IpAddress.From(used);
            IPAddress framework = new(used);
            framework = framework.IsIPv4MappedToIPv6 ? framework.MapToIPv4() : framework;
            string expected = framework.ToString();

            // The framework writes some low addresses with a dotted tail, which RFC 5952 leaves to mapped ones.
            if (!(framework.AddressFamily == AddressFamily.InterNetworkV6 && expected.Contains('.')))
            {
                Assert.Equal(expected, address.ToString());
            }

            Assert.True(IpAddress.TryParse(address.ToString(), out IpAddress back), $"seed {Seed}, {address}");
            Assert.Equal(address, back);
            int count = address.WriteBytes(written);
            Assert.Equal(address, IpAddress.From(written.AsSpan(0, count)));
        }
    }

    [Fact]
    public void Parsers_OnRandomAndMutatedText_NeverThrowAndOnlyTakeWhatTheFrameworkTakes()
    {
        const int Seed = 4711;
        Random random = new(Seed);
        const string Alphabet = "0123456789abcdefABCDEF:.[]/% x-";
        string[] seeds = ["1.2.3.4:80", "[2001:db8::1]:8080", "10.0.0.0/8", "::ffff:1.2.3.4", "fe80::1%lo", "1:2:3:4:5:6:7:8"];
        for (int i = 0; i < 50_000; i++)
        {
            char[] text = random.Next(2) == 0 ? seeds[random.Next(seeds.Length)].ToCharArray() : new char[random.Next(50)];
            for (int m = 0; m < (text.Length == 0 ? 0 : random.Next(1, 4)); m++)
            {
                text[random.Next(text.Length)] = Alphabet[random.Next(Alphabet.Length)];
            }

            if (IpAddress.TryParse(text, out IpAddress address))
            {
                Assert.True(IPAddress.TryParse(text, out _), $"seed {Seed}: {new string(text)}");
                Assert.Equal(address, IpAddress.Parse(address.ToString()));
            }

            if (IpPort.TryParse(text, out IpPort port))
            {
                Assert.True(IPEndPoint.TryParse(text, out IPEndPoint? endpoint) && endpoint.Port == port.Port, $"seed {Seed}: {new string(text)}");
            }

            _ = IpPrefix.TryParse(text, out _);
            _ = NetworkAddress.TryParse(new string(text), out _);
        }
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.9.9.9", true)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData("::1", true)]
    [InlineData("128.0.0.1", false)]
    [InlineData("::2", false)]
    public void IsLoopback_KnowsTheRanges(string text, bool expected) => Assert.Equal(expected, IpAddress.Parse(text).IsLoopback);

    [Theory]
    [InlineData("1.2.3.4:80", true)]
    [InlineData("[::1]:80", true)]
    [InlineData("::1:80", false)]
    [InlineData("[1.2.3.4]:80", false)]
    [InlineData("1.2.3.4", false)]
    [InlineData("1.2.3.4:", false)]
    [InlineData("1.2.3.4:65536", false)]
    [InlineData("1.2.3.4:+80", false)]
    [InlineData("1.2.3.4:000080", false)]
    [InlineData(":80", false)]
    [InlineData("[]:80", false)]
    [InlineData("[:80", false)]
    public void IpPort_TakesOnlySocketAddresses(string text, bool expected)
    {
        Assert.Equal(expected, IpPort.TryParse(text, out IpPort value));
        Assert.True(!expected || value.ToString() == text);
    }

    [Theory]
    [InlineData("127.0.0.1/24", "127.0.0.0/24", "127.0.0.255", true)]
    [InlineData("10.0.0.0/0", "0.0.0.0/0", "255.255.255.255", true)]
    [InlineData("10.0.0.0/0", "0.0.0.0/0", "::1", false)]
    [InlineData("::/0", "::/0", "1.2.3.4", false)]
    [InlineData("0a00::/24", "a00::/24", "10.0.0.1", false)]
    [InlineData("2001:db8::ff/121", "2001:db8::80/121", "2001:db8::81", true)]
    [InlineData("2001:db8::/64", "2001:db8::/64", "2001:db8:0:1::", false)]
    [InlineData("1.2.3.4", "1.2.3.4/32", "1.2.3.4", true)]
    public void IpPrefix_ClearsHostBitsAndKeepsFamiliesApart(string text, string canonical, string address, bool contains)
    {
        IpPrefix prefix = IpPrefix.Parse(text);
        Assert.Equal(canonical, prefix.ToString());
        Assert.Equal(contains, prefix.Contains(IpAddress.Parse(address)));
    }

    [Theory]
    [InlineData("1.2.3.4/33")]
    [InlineData("::/129")]
    [InlineData("1.2.3.4/")]
    [InlineData("1.2.3.4/-1")]
    [InlineData("/8")]
    public void IpPrefix_OutOfRange_IsRefused(string text) => Assert.False(IpPrefix.TryParse(text, out _));
}
