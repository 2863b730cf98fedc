using System.Text;
using Ambient.Mesh.Addresses;
using Ambient.Tls.Hellos;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Tests.Tunnels;

/// <summary>What the ztunnel of a captured waypoint says of callers.</summary>
public sealed class CallerHeaderTests
{
    private const string Client = "spiffe://cluster.local/ns/shop/sa/client";

    [Theory]
    [InlineData("10.1.1.1:4444", "10.96.0.10:80")]
    [InlineData("[fd00::1]:4444", "[fd00::10]:80")]
    public void CallerTargetAndIdentity_AreRead_WhenTheyAreWhole(string source, string target)
    {
        byte[] header = Header(source, target, (0x04, "noop"), (0xD0, Client));
        for (int length = 0; length < header.Length; length++)
        {
            Assert.Equal(HelloStatus.Incomplete, CallerHeader.Read(header.AsSpan(0, length), out _));
        }

        Assert.Equal(HelloStatus.Found, CallerHeader.Read([.. header, 1, 2, 3], out CallerHeader? read));
        Assert.Equal((header.Length, IpPort.Parse(source), IpPort.Parse(target), Client), (read!.Length, read.Source, read.Target, read.Client!.ToString()));
    }

    [Fact]
    public void AddressesOfFour_InHeadersOfSix_DoNotMoveTheIdentity()
    {
        byte[] six = Header("[fd00::1]:4444", "[fd00::10]:80", (0xD0, Client));

        // ::ffff:10.1.1.1 is the value 10.1.1.1; the fields come after it all the same.
        new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 1, 1 }.CopyTo(six, 16);
        Assert.Equal(HelloStatus.Found, CallerHeader.Read(six, out CallerHeader? read));
        Assert.Equal((IpPort.Parse("10.1.1.1:4444"), Client), (read!.Source, read.Client!.ToString()));
    }

    [Fact]
    public void HeaderWithoutAddresses_IsRefused_AndKnownForWhatItIs()
    {
        byte[] without = Encoding.Latin1.GetBytes("\r\n\r\n\0\r\nQUIT\n\x21\0\0\0");
        Assert.Equal((HelloStatus.Bad, true), (CallerHeader.Read(without, out _), CallerHeader.IsWithoutAddresses(without)));
        Assert.False(CallerHeader.IsWithoutAddresses("GET / HTTP/1.1\r\n"u8));
        Assert.False(CallerHeader.IsWithoutAddresses(Header("10.1.1.1:4444", "10.96.0.10:80")));
        Assert.False(CallerHeader.IsWithoutAddresses(new ProxyPreface(1, IpPort.Parse("10.1.1.1:4444"), IpPort.Parse("10.96.0.10:80")).Bytes()));
        Assert.False(CallerHeader.IsWithoutAddresses(Encoding.Latin1.GetBytes("PROXY UNKNOWN\r\n")));
    }

    [Fact]
    public void WhoProvedNothing_IsNobody()
    {
        Assert.Equal(HelloStatus.Found, CallerHeader.Read(Header("10.1.1.1:4444", "10.96.0.10:80"), out CallerHeader? read));
        Assert.Null(read!.Client);
    }

    [Fact]
    public void WhatDoesNotSayWhoCallsWhom_IsRefused()
    {
        byte[] cut = Header("10.1.1.1:4444", "10.96.0.10:80", (0xD0, Client));
        cut[^(Client.Length + 1)]++;
        byte[][] all =
        [
            "GET / HTTP/1.1\r\n"u8.ToArray(),
            new ProxyPreface(1, IpPort.Parse("10.1.1.1:4444"), IpPort.Parse("10.96.0.10:80")).Bytes(),
            Encoding.Latin1.GetBytes("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"),
            Encoding.Latin1.GetBytes("\r\n\r\n\0\r\nQUIT\n\x21\0\0\0"),
            Header("10.1.1.1:4444", "10.96.0.10:80", (0xD0, "")),
            Header("10.1.1.1:4444", "10.96.0.10:80", (0xD0, "client")),
            Header("10.1.1.1:4444", "10.96.0.10:80", (0xD0, Client), (0xD0, Client)),
            cut,
        ];
        Assert.All(all, bytes => Assert.Equal(HelloStatus.Bad, CallerHeader.Read(bytes, out _)));
    }

    [Fact]
    public void WhateverComes_NothingThrows_AndNoMoreIsTakenThanIsThere()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        byte[][] good = [Header("10.1.1.1:4444", "10.96.0.10:80", (0x04, "noop"), (0xD0, Client)), Header("[fd00::1]:4444", "[fd00::10]:80", (0x04, "noop"), (0xD0, Client))];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = [.. good[i % 2], .. new byte[random.Next(3)]];
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            Assert.True(CallerHeader.Read(bytes, out CallerHeader? read) != HelloStatus.Found || read!.Length <= bytes.Length, $"seed {seed}");
        }
    }

    private static byte[] Header(string source, string target, params (byte Type, string Text)[] fields)
    {
        byte[] plain = new ProxyPreface(2, IpPort.Parse(source), IpPort.Parse(target)).Bytes();
        byte[] more = [.. fields.SelectMany(field => new byte[] { field.Type, 0, (byte)field.Text.Length }.Concat(Encoding.ASCII.GetBytes(field.Text)))];
        plain[15] += (byte)more.Length;
        return [.. plain, .. more];
    }
}
