using Ambient.Dns.Messages;
using Ambient.Linux.Sockets;
using Ambient.Testing.Names;
using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Tests.Dns;

public sealed class DnsMessageTests
{
    [Fact]
    public void Query_IsRead_NameInLowerCase()
    {
        Assert.True(DnsQuery.TryRead(DnsBytes.Query("WWW.Example.com", DnsBytes.Aaaa, edns: 1232), out DnsQuery query, out _));
        Assert.Equal(("www.example.com", DnsType.Aaaa, true, 1232), (query.Name, query.Type, query.IsPlainName, query.UdpLimit));
        Assert.Equal(new DnsEdns(1232, 0, true), query.Edns);
    }

    [Theory]
    [InlineData("short")]
    [InlineData("response")]
    public void NoQuery_GetsNoAnswer(string kind)
    {
        byte[] message = DnsBytes.Query("a.b", flags: kind == "response" ? (ushort)0x8100 : (ushort)0x0100);
        Assert.False(DnsQuery.TryRead(kind == "short" ? message.AsSpan(0, 11) : message, out _, out DnsCode error));
        Assert.Equal(DnsCode.NoError, error);
    }

    [Theory]
    [InlineData("cut", DnsCode.FormatError)]
    [InlineData("no-question", DnsCode.FormatError)]
    [InlineData("two-questions", DnsCode.FormatError)]
    [InlineData("pointer-forward", DnsCode.FormatError)]
    [InlineData("pointer-to-itself", DnsCode.FormatError)]
    [InlineData("pointer-into-header", DnsCode.FormatError)]
    [InlineData("label-too-long", DnsCode.FormatError)]
    [InlineData("name-too-long", DnsCode.FormatError)]
    [InlineData("two-opts", DnsCode.FormatError)]
    [InlineData("status", DnsCode.NotImplemented)]
    public void BadQueries_GetTheirCode(string kind, DnsCode expected)
    {
        byte[] message = DnsBytes.Query("name.example", edns: 1232);
        switch (kind)
        {
            case "cut":
                message = message[..20];
                break;
            case "no-question":
                message[5] = 0;
                break;
            case "two-questions":
                message[5] = 2;
                break;
            case "pointer-forward":
                (message[12], message[13]) = (0xc0, 20);
                break;
            case "pointer-to-itself":
                (message[12], message[13]) = (0xc0, 12);
                break;
            case "pointer-into-header":
                (message[12], message[13]) = (0xc0, 4);
                break;
            case "label-too-long":
                message[12] = 64;
                break;
            case "name-too-long":
                message = DnsBytes.Query(string.Join('.', Enumerable.Repeat("0123456789", 24)));
                break;
            case "two-opts":
                message = [.. message, .. message[^11..]];
                message[11] = 2;
                break;
            default:
                message[2] = 0x10;
                break;
        }

        Assert.False(DnsQuery.TryRead(message, out _, out DnsCode error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void LongestName_IsRead()
    {
        string name = string.Join('.', new string('a', 63), new string('b', 63), new string('c', 63), new string('d', 61));
        Assert.True(DnsQuery.TryRead(DnsBytes.Query(name), out DnsQuery query, out _));
        Assert.Equal(name, query.Name);
        Assert.False(DnsQuery.TryRead(DnsBytes.Query(name + "d"), out _, out _));
    }

    [Fact]
    public void NameWithADotInALabel_IsNotPlain()
    {
        byte[] message = DnsBytes.Query("aXb.example");
        message[14] = (byte)'.';
        Assert.True(DnsQuery.TryRead(message, out DnsQuery query, out _));
        Assert.False(query.IsPlainName);
    }

    [Fact]
    [Trait("behaviour", "ZT-237")]
    public void AnswerHeader_IsAsTheReferenceSays()
    {
        byte[] query = DnsBytes.Query("svc.ns", flags: 0x0130, edns: 4096);
        DnsBytes.Message answer = Write(query, int.MaxValue, null, [Address("10.0.0.1")], out _);
        Assert.Equal(0x1234, answer.Id);
        Assert.Equal(0x8000 | 0x0400 | 0x0100 | 0x0080, answer.Flags);
        DnsBytes.Record record = Assert.Single(answer.Answers);
        Assert.Equal(("svc.ns", 1, 30u, "10.0.0.1"), (record.Name, record.Type, record.Ttl, record.Text));
        Assert.Equal(4096, answer.Edns!.Class);
        Assert.Equal(0x8000u, answer.Edns.Ttl);
    }

    [Fact]
    public void Alias_GoesBeforeItsAddresses()
    {
        byte[] query = DnsBytes.Query("www.google.com.ns1.svc.cluster.local");
        DnsBytes.Message answer = Write(query, int.MaxValue, "www.google.com", [Address("1.1.1.1"), Address("2.2.2.2")], out int written);
        Assert.Equal(2, written);
        Assert.Equal(
            [("www.google.com.ns1.svc.cluster.local", 5, "www.google.com"), ("www.google.com", 1, "1.1.1.1"), ("www.google.com", 1, "2.2.2.2")],
            answer.Answers.Select(r => (r.Name, r.Type, r.Text)));
    }

    [Fact]
    [Trait("behaviour", "ZT-235")]
    public void ManyAddresses_AreCutForUdp_AndWholeForTcp()
    {
        SocketAddress[] addresses = [.. Enumerable.Range(0, 256).Select(i => SocketAddress.From([240, 0, 0, (byte)i], 0))];
        byte[] query = DnsBytes.Query("large-service.ns", edns: 1232);
        DnsBytes.Message whole = Write(query, DnsWire.MaxMessage, null, addresses, out _);
        Assert.Equal((256, false), (whole.Answers.Count, whole.Truncated));
        DnsBytes.Message cut = Write(query, 1232, null, addresses, out _);
        Assert.Equal((74, true), (cut.Answers.Count, cut.Truncated));
        Assert.NotNull(cut.Edns);
    }

    [Theory]
    [InlineData(512)]
    [InlineData(40)]
    [InlineData(60)]
    public void Answers_NeverExceedTheLimit(int limit)
    {
        SocketAddress[] addresses = [.. Enumerable.Range(0, 256).Select(i => SocketAddress.From([10, 0, 0, (byte)i], 0))];
        byte[] query = DnsBytes.Query("a.example.ns");
        Assert.True(DnsQuery.TryRead(query, out DnsQuery read, out _));
        byte[] space = new byte[DnsWire.MaxMessage];
        int length = DnsReply.WriteAddresses(space, limit, query, read, "alias.example", addresses, out _);
        Assert.InRange(length, read.QuestionEnd, limit);
        Assert.True(DnsBytes.Read(space[..length]).Truncated);
    }

    [Fact]
    public void RandomAndMutatedMessages_NeverThrowAndNeverLoop()
    {
        const int Seed = 53;
        var random = new Random(Seed);
        byte[][] seeds =
        [
            DnsBytes.Query("www.example.com", edns: 1232),
            DnsBytes.Answer(DnsBytes.Query("www.example.com"), 0, [("www.example.com", 5, DnsBytes.EncodeName("x.example.com")), ("x.example.com", 1, [1, 2, 3, 4])]),
            [.. DnsBytes.Query("a.b"), 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4],
        ];
        byte[] space = new byte[DnsWire.MaxMessage];
        int read = 0;
        for (int i = 0; i < 30_000; i++)
        {
            byte[] message = [.. seeds[random.Next(seeds.Length)]];
            if (i % 6 == 5)
            {
                message = new byte[random.Next(100)];
                random.NextBytes(message);
            }

            for (int flips = random.Next(5); flips > 0 && message.Length > 0; flips--)
            {
                message[random.Next(message.Length)] = random.Next(3) == 0 ? (byte)0xc0 : (byte)random.Next(256);
            }

            if (DnsQuery.TryRead(message, out DnsQuery query, out DnsCode error))
            {
                read++;
                Assert.Equal(DnsCode.NoError, error);
                int length = DnsReply.WriteAddresses(space, query.UdpLimit, message, query, null, [Address("1.1.1.1")], out _);
                Assert.InRange(length, DnsWire.HeaderLength, query.UdpLimit);
                _ = DnsResponse.Answers(message, query.Id, message, query);
            }
            else if (error != DnsCode.NoError)
            {
                int length = DnsReply.WriteEmpty(space, message, query, error, false);
                Assert.Equal((int)error, space[3] & 15);
                Assert.True(length >= DnsWire.HeaderLength);
            }

            _ = DnsResponse.TryFirstAddress(message, DnsType.A, out _);
        }

        Assert.True(read > 1000, $"only {read} messages were readable with seed {Seed}");
    }

    private static SocketAddress Address(string text)
    {
        Assert.True(SocketAddress.TryParse(text + ":0", out SocketAddress address));
        return address;
    }

    private static DnsBytes.Message Write(byte[] query, int limit, string? alias, SocketAddress[] addresses, out int written)
    {
        Assert.True(DnsQuery.TryRead(query, out DnsQuery read, out _));
        byte[] space = new byte[DnsWire.MaxMessage];
        int length = DnsReply.WriteAddresses(space, limit, query, read, alias, addresses, out written);
        return DnsBytes.Read(space[..length]);
    }
}
