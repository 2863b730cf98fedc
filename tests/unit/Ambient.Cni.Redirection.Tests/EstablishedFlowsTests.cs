using System.Net;
using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Redirection.Tests;

public sealed class EstablishedFlowsTests
{
    private const string Line = "   1: 0A01090A:9C40 0202090A:0050 01 00000000:00000000 02:000A1B2C 00000000     0        0 12345 2 0000000000000000 20 4 30 10 -1";

    [Fact]
    public void EstablishedConnection_IsRead() =>
        Assert.Equal(new Flow(IPEndPoint.Parse("10.9.1.10:40000"), IPEndPoint.Parse("10.9.2.2:80")), EstablishedFlows.Parse(Line));

    [Fact]
    public void MappedAddress_IsIPv4()
    {
        string line = Line.Replace("0A01090A", "0000000000000000FFFF00000A01090A", StringComparison.Ordinal).Replace("0202090A", "0000000000000000FFFF00000202090A", StringComparison.Ordinal);
        Assert.Equal(EstablishedFlows.Parse(Line), EstablishedFlows.Parse(line));
    }

    [Fact]
    public void Ipv6Connection_IsRead()
    {
        string line = Line.Replace("0A01090A", "0900 09FD".Replace(" ", "", StringComparison.Ordinal) + "000001000000000010000000", StringComparison.Ordinal)
            .Replace("0202090A", "090009FD000002000000000002000000", StringComparison.Ordinal);
        Assert.Equal(new Flow(IPEndPoint.Parse("[fd09:9:1::10]:40000"), IPEndPoint.Parse("[fd09:9:2::2]:80")), EstablishedFlows.Parse(line));
    }

    [Theory]
    [InlineData("10.9.2.2:80", "10.9.1.10:40000", "10.9.1.10:40000", "10.9.2.2:80")]
    [InlineData("127.0.0.1:15001", "10.9.1.10:40000", "10.9.1.10:40000", "127.0.0.1:15001")]
    [InlineData("10.9.1.10:15006", "10.9.2.2:40000", "10.9.2.2:40000", "10.9.1.10:15006")]
    [InlineData("10.9.1.10:40000", "10.9.2.2:80", null, null)]
    [InlineData("10.9.1.10:15008", "10.9.2.2:40000", null, null)]
    [InlineData("10.9.1.10:40000", "10.9.1.10:80", null, null)]
    [InlineData("127.0.0.1:40000", "127.0.0.1:80", null, null)]
    [InlineData("10.9.2.2:80", "10.9.3.3:40000", null, null)]
    public void ProxysEnd_IsKnownByItsPortOrItsForeignAddress(string local, string remote, string? one, string? other)
    {
        Flow? carried = CarriedFlows.Carried(new Flow(IPEndPoint.Parse(local), IPEndPoint.Parse(remote)), [IPAddress.Parse("10.9.1.10")], new RedirectionPorts());
        Assert.Equal(one is null ? null : new Flow(IPEndPoint.Parse(one), IPEndPoint.Parse(other!)), carried);
    }

    [Theory]
    [InlineData(" 01 0", " 0A 0")]
    [InlineData(" 01 0", " 06 0")]
    [InlineData(" 01 0", " 07 0")]
    [InlineData("0202090A", "0A01090A")]
    [InlineData("0202090A", "0100007F")]
    [InlineData(":0050", ":0000")]
    [InlineData("0202090A", "0202090")]
    [InlineData("0202090A", "0202090G")]
    [InlineData(":0050", ":10050")]
    [InlineData(":0050", "")]
    public void AnythingElse_IsNone(string old, string changed) =>
        Assert.Null(EstablishedFlows.Parse(Line.Replace(old, changed, StringComparison.Ordinal)));

    [Fact]
    public void MutatedLines_NeverThrow()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        for (int i = 0; i < 20_000; i++)
        {
            char[] line = Line.ToCharArray();
            for (int n = random.Next(1, 6); n > 0; n--)
            {
                line[random.Next(line.Length)] = (char)random.Next(32, 127);
            }

            _ = EstablishedFlows.Parse(new string(line, 0, random.Next(line.Length + 1)));
        }
    }
}
