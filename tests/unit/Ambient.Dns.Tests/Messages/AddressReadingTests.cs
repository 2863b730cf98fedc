using Ambient.Dns.Messages;
using Ambient.Linux.Sockets;
using Ambient.Testing.Names;

namespace Ambient.Dns.Tests.Messages;

public sealed class AddressReadingTests
{
    [Fact]
    public void Addresses_AreReadWhateverNameTheyHave_AndTheShortestTimeCounts()
    {
        byte[] query = DnsBytes.Query("www.example.com");
        byte[] answer = DnsBytes.Answer(query, 0, [("www.example.com", 5, DnsBytes.EncodeName("lb.example.net")), ("lb.example.net", 1, [192, 0, 2, 1]), ("lb.example.net", 1, [192, 0, 2, 2])], seconds: 17);
        List<SocketAddress> found = [];
        Assert.True(DnsResponse.TryReadAddresses(answer, DnsType.A, 16, found, out uint seconds));
        Assert.Equal(["192.0.2.1:0", "192.0.2.2:0"], found.Select(address => address.ToString()));
        Assert.Equal(17u, seconds);
    }

    [Fact]
    public void RecordsOfOtherTypes_WrongLengths_AndMoreThanWanted_AreLeftOut()
    {
        byte[] query = DnsBytes.Query("example.com");
        byte[] answer = DnsBytes.Answer(query, 0, [("example.com", 28, new byte[16]), ("example.com", 1, [1, 2, 3]), ("example.com", 1, [192, 0, 2, 1]), ("example.com", 1, [192, 0, 2, 2])]);
        List<SocketAddress> found = [];
        Assert.True(DnsResponse.TryReadAddresses(answer, DnsType.A, 1, found, out _));
        Assert.Equal("192.0.2.1:0", Assert.Single(found).ToString());
    }

    [Fact]
    public void BrokenMessages_AreRefusedAsAWhole_AndNeverThrow()
    {
        byte[] query = DnsBytes.Query("www.example.com");
        byte[] good = DnsBytes.Answer(query, 0, [("www.example.com", 1, [192, 0, 2, 1]), ("www.example.com", 1, [192, 0, 2, 2])]);
        Random random = new(4711);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = good[..random.Next(good.Length + 1)];
            for (int flips = random.Next(4); flips > 0 && bytes.Length > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            List<SocketAddress> found = [];
            bool isRead = DnsResponse.TryReadAddresses(bytes, DnsType.A, 8, found, out _);
            Assert.True(isRead || found.Count == 0, $"round {i} of seed 4711");
        }

        Assert.False(DnsResponse.TryReadAddresses(good.AsSpan(0, good.Length - 1), DnsType.A, 8, [], out _));
    }
}
