using Ambient.Dns.Resolving;
using Ambient.Dns.Upstreams;
using Ambient.EventLoop;
using Ambient.Linux.Sockets;
using Ambient.Testing.Names;

namespace Ambient.Dns.Tests.Resolving;

public sealed class AddressLookupTests
{
    private const int NameError = 3;
    private const int ServerFailure = 2;

    [Fact]
    public void BothFamilies_AreAskedFor_AndTheShortestTimeCounts()
    {
        AddressAnswer answer = Look(["www.example.com"], (query, _) => TypeOf(query) == DnsBytes.A
            ? DnsBytes.Answer(query, 0, [("www.example.com", 1, [192, 0, 2, 1])], seconds: 30)
            : DnsBytes.Answer(query, 0, [("www.example.com", 28, [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])], seconds: 20));
        Assert.Equal(AddressOutcome.Found, answer.Outcome);
        Assert.Equal(["192.0.2.1:0", "[2001:db8::1]:0"], answer.Addresses.Select(static address => address.ToString()));
        Assert.Equal((TimeSpan.FromSeconds(20), AddressFamilies.None), (answer.TimeToLive, answer.Missing));
    }

    [Fact]
    public void ANameThatIsNotThere_IsLookedForFurtherOn()
    {
        List<string> asked = [];
        AddressAnswer answer = Look(["db.ns.local", "db.local", "db"], (query, _) =>
        {
            string name = DnsBytes.Read(query).Questions[0];
            lock (asked)
            {
                asked.Add(name);
            }

            return name == "db.local" && TypeOf(query) == DnsBytes.A ? DnsBytes.Answer(query, 0, [(name, 1, [192, 0, 2, 7])]) : DnsBytes.Answer(query, name == "db.local" ? 0 : NameError, []);
        });
        Assert.Equal("192.0.2.7:0", Assert.Single(answer.Addresses).ToString());
        Assert.Equal(["db.local", "db.ns.local"], asked.Distinct().Order());
    }

    [Fact]
    public void AServerThatFails_IsNoReasonToLookElsewhere()
    {
        AddressAnswer answer = Look(["db.ns.local", "db"], (query, _) => DnsBytes.Answer(query, DnsBytes.Read(query).Questions[0] == "db" ? 0 : ServerFailure, []));
        Assert.Equal(AddressOutcome.Failed, answer.Outcome);
        Assert.NotEmpty(answer.Reason);
    }

    [Fact]
    public void NoName_AndNoRecord_AreNone()
    {
        Assert.Equal(AddressOutcome.None, Look(["a.example", "b.example"], (query, _) => DnsBytes.Answer(query, DnsBytes.Read(query).Questions[0] == "a.example" ? NameError : 0, [])).Outcome);
    }

    [Fact]
    public void OneFamilyThatFails_DoesNotHideTheOther()
    {
        AddressAnswer answer = Look(["www.example.com"], (query, _) => TypeOf(query) == DnsBytes.A ? DnsBytes.Answer(query, 0, [("www.example.com", 1, [192, 0, 2, 1])]) : DnsBytes.Answer(query, ServerFailure, []));
        Assert.Equal((AddressOutcome.Found, AddressFamilies.IPv6), (answer.Outcome, answer.Missing));
        Assert.NotEmpty(answer.Reason);
    }

    [Fact]
    public void OneFamilyThatIsNotAnsweredInTime_IsMissing()
    {
        AddressAnswer answer = Look(["www.example.com"], (query, _) => TypeOf(query) == DnsBytes.A ? null : DnsBytes.Answer(query, 0, [("www.example.com", 28, [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])]), TimeSpan.FromMilliseconds(500));
        Assert.Equal((AddressOutcome.Found, AddressFamilies.IPv4), (answer.Outcome, answer.Missing));
    }

    [Fact]
    public void ACutAnswer_IsFetchedWhole()
    {
        (string, ushort, byte[])[] all = [.. Enumerable.Range(1, 60).Select(static i => ("www.example.com", (ushort)1, new byte[] { 192, 0, 2, (byte)i }))];
        AddressAnswer answer = Look(["www.example.com"], (query, isUdp) => TypeOf(query) != DnsBytes.A ? DnsBytes.Answer(query, 0, [])
            : isUdp ? DnsBytes.Answer(query, 0, all[..2], moreFlags: 0x0200)
            : DnsBytes.Answer(query, 0, all));
        Assert.Equal(60, answer.Addresses.Count);
    }

    [Fact]
    public void SilentServers_EndInTime()
    {
        AddressAnswer answer = Look(["www.example.com"], static (_, _) => null, TimeSpan.FromMilliseconds(50));
        Assert.Equal(AddressOutcome.Failed, answer.Outcome);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a..b")]
    public void WhatIsNoName_IsNotAskedFor(string name) =>
        Assert.Equal(AddressOutcome.Failed, Look([name], static (_, _) => throw new InvalidOperationException("asked")).Outcome);

    private static int TypeOf(byte[] query) => (query[^4] << 8) | query[^3];

    private static AddressAnswer Look(string[] names, Func<byte[], bool, byte[]?> server, TimeSpan? limit = null)
    {
        using FakeUpstream upstream = new(server);
        using EventLoop.EventLoop loop = new("names", new EventLoopOptions());
        loop.RunOnce(0);
        ResolverConfiguration configuration = new() { Servers = [SocketAddress.LoopbackIPv4.WithPort((ushort)upstream.Port)] };
        AddressAnswer? answer = null;
        new AddressLookup(loop, new SocketFactory(null, new SocketOptions()), configuration, names, AddressFamilies.IPv4 | AddressFamilies.IPv6, found => answer = found).Start(limit ?? TimeSpan.FromSeconds(30));
        long deadline = Environment.TickCount64 + 30_000;
        while (answer is null)
        {
            Assert.True(Environment.TickCount64 < deadline, "nobody answered");
            loop.RunOnce(10);
        }

        return answer;
    }
}
