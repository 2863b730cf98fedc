using System.Text;
using Ambient.Tls.Hellos;

namespace Ambient.Tls.Tests.Hellos;

/// <summary>Hellos of clients, whole, in pieces and broken.</summary>
public sealed class ClientHelloTests
{
    [Theory]
    [InlineData("one.example.com", "one.example.com")]
    [InlineData("ONE.Example.COM", "one.example.com")]
    [InlineData("one.example.com.", "one.example.com")]
    [InlineData("", "")]
    public void ServerNames_AreRead_InLowerCase(string sent, string read)
    {
        Assert.Equal(HelloStatus.Found, ClientHello.Read(Records(Hello(sent)), out string name));
        Assert.Equal(read, name);
    }

    [Theory]
    [InlineData("a\0b")]
    [InlineData("a b")]
    [InlineData("a/b")]
    public void NamesThatAreNone_AreRefused(string sent) => Assert.Equal(HelloStatus.Bad, ClientHello.Read(Records(Hello(sent)), out _));

    [Fact]
    public void OfTwoNames_NoneCounts() => Assert.Equal(HelloStatus.Bad, ClientHello.Read(Records(Hello("a.example", "b.example")), out _));

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    public void Pieces_AreIncomplete_UntilTheLastByte_HoweverItIsCutIntoRecords(int size)
    {
        byte[] bytes = Records(Hello("one.example.com"), size);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(HelloStatus.Incomplete, ClientHello.Read(bytes.AsSpan(0, length), out _));
        }

        Assert.Equal(HelloStatus.Found, ClientHello.Read(bytes, out string name));
        Assert.Equal("one.example.com", name);
        Assert.Equal(HelloStatus.Found, ClientHello.Read([.. bytes, 23, 3, 3, 0, 5], out _));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("\u0016\u0001")]
    [InlineData("\u0016\u0003\u0001\u0000\u0000")]
    [InlineData("\u0016\u0003\u0001\u00ff\u00ff")]
    [InlineData("\u0016\u0003\u0001\u0000\u0005\u0002")]
    public void Garbage_IsRefused_AtItsFirstWrongByte(string text) => Assert.Equal(HelloStatus.Bad, ClientHello.Read(Encoding.Latin1.GetBytes(text), out _));

    [Fact]
    public void TooLongHellos_AreRefused_BeforeTheyAreThere()
    {
        byte[] hello = Hello("a.example");
        hello[1] = 0xFF;
        Assert.Equal(HelloStatus.Bad, ClientHello.Read(Records(hello), out _));
    }

    [Fact]
    public void WhateverComes_IsJudged_AndNeverThrows()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        byte[] good = Records(Hello("one.example.com"), 60);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = good[..random.Next(good.Length + 1)];
            for (int changes = random.Next(4); changes > 0 && bytes.Length > 0; changes--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            HelloStatus status = ClientHello.Read(bytes, out string name);
            Assert.True(name.Length == 0 || (status == HelloStatus.Found && name.All(static letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '.' or '-' or '_')), $"seed {seed}, round {i}: {status} {name}");
        }
    }

    private static byte[] Hello(params string[] names)
    {
        List<byte> extensions = [0x00, 0x2b, 0x00, 0x03, 0x02, 0x03, 0x04];
        foreach (string name in names.Where(static name => name.Length > 0))
        {
            byte[] host = Encoding.Latin1.GetBytes(name);
            extensions.AddRange([0, 0, .. Two(host.Length + 5), .. Two(host.Length + 3), 0, .. Two(host.Length), .. host]);
        }

        byte[] body = [3, 3, .. new byte[32], 0, .. Two(2), 0x13, 0x01, 1, 0, .. Two(extensions.Count), .. extensions];
        return [1, 0, .. Two(body.Length), .. body];
    }

    private static byte[] Records(byte[] message, int size = 16384) => [.. message.Chunk(size).SelectMany(static part => (byte[])[22, 3, 1, .. Two(part.Length), .. part])];

    private static byte[] Two(int number) => [(byte)(number >> 8), (byte)number];
}
