using System.Net.Sockets;
using System.Text;
using Ambient.Mesh.Addresses;
using Ambient.Protocol.L7;
using Ambient.Tls.Hellos;
using Ambient.Waypoint.Edges;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Tests.Edges;

/// <summary>What proxies in front of a gateway say of their clients.</summary>
public sealed class ProxyHeaderTests
{
    [Theory]
    [InlineData(1, "203.0.113.7:4444", "10.0.0.1:443")]
    [InlineData(2, "203.0.113.7:4444", "10.0.0.1:443")]
    [InlineData(1, "[2001:db8::7]:4444", "[2001:db8::1]:443")]
    [InlineData(2, "[2001:db8::7]:4444", "[2001:db8::1]:443")]
    public void Headers_AreRead_WhenTheyAreWhole(uint version, string source, string target)
    {
        byte[] header = new ProxyPreface(version, IpPort.Parse(source), IpPort.Parse(target)).Bytes();
        for (int length = 0; length < header.Length; length++)
        {
            Assert.Equal(HelloStatus.Incomplete, ProxyHeader.Read(header.AsSpan(0, length), out _, out _, out _));
        }

        Assert.Equal(HelloStatus.Found, ProxyHeader.Read([.. header, 1, 2, 3], out int taken, out IpPort? client, out IpPort? dialled));
        Assert.Equal((header.Length, IpPort.Parse(source), IpPort.Parse(target)), (taken, client, dialled));
    }

    [Theory]
    [InlineData("PROXY UNKNOWN\r\n", 15)]
    [InlineData("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\nGET", 35)]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16)]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x21\0\0\x02??", 18)]
    public void ProxyThatSpeaksForItself_NamesNobody(string text, int length)
    {
        Assert.Equal(HelloStatus.Found, ProxyHeader.Read(Encoding.Latin1.GetBytes(text), out int taken, out IpPort? source, out _));
        Assert.Equal((length, true), (taken, source is null));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 1 99999\r\n")]
    [InlineData("PROXY TCP4 ::1 ::2 1 2\r\n")]
    [InlineData("PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x21\x12\0\x0c")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0b")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff")]
    public void WhatIsNone_IsRefused(string text) => Assert.Equal(HelloStatus.Bad, ProxyHeader.Read(Encoding.Latin1.GetBytes(text), out _, out _, out _));

    [Fact]
    public void HeaderWithoutAnEnd_IsRefused() => Assert.Equal(HelloStatus.Bad, ProxyHeader.Read(Encoding.Latin1.GetBytes("PROXY TCP4 " + new string('1', 120)), out _, out _, out _));

    [Fact]
    public void WhateverComes_NothingThrows_AndNoMoreIsTakenThanIsThere()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        byte[][] good = [.. new uint[] { 1, 2 }.Select(static version => new ProxyPreface(version, IpPort.Parse("203.0.113.7:4444"), IpPort.Parse("10.0.0.1:443")).Bytes())];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = [.. good[i % 2], .. new byte[random.Next(3)]];
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            Assert.True(ProxyHeader.Read(bytes, out int length, out _, out _) != HelloStatus.Found || length <= bytes.Length, $"seed {seed}");
        }
    }

    [Fact]
    public void Gateway_TakesTheClientThatItsProxyNames_AndNobodyWithoutOne()
    {
        using LocalEdge edge = new(maxClients: 3);
        EdgePortTable port = new() { Port = 80, Protocol = EdgeProtocol.EdgeHttp, All = [], Listeners = new HostTable<EdgeListenerTable>([]) };
        edge.Configure(port, new WaypointSettings { AcceptsProxyProtocol = true });
        Socket good = edge.Connect(port), bad = edge.Connect(port), silent = edge.Connect(port);
        good.Send("PROXY TCP4 203.0.113.7 10.0.0.1 4444 80\r\nGE"u8);
        bad.Send("GET / HTTP/1.1\r\n\r\n"u8);
        edge.RunUntil(() => edge.Loop.Plain.Count == 1 && edge.Loop.Edges.Refused == 1);
        Assert.Equal(IpPort.Parse("203.0.113.7:4444"), edge.Loop.Plain.Single().Source);
        good.Send("T / HTTP/1.1\r\nHost: a\r\n\r\n"u8);
        byte[] answer = new byte[4096];
        edge.RunUntil(() => good.Poll(0, SelectMode.SelectRead));
        Assert.StartsWith("HTTP/1.1 404 ", Encoding.Latin1.GetString(answer, 0, good.Receive(answer)), StringComparison.Ordinal);
        Assert.Single(edge.Loop.Arrivals);
        edge.Pass(11);
        Assert.Empty(edge.Loop.Arrivals);
    }
}
