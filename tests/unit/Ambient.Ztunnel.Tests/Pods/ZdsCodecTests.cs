using Ambient.Ztunnel.Pods;
using Google.Protobuf;
using Generated = Ambient.Protocol.Istio.Zds;

namespace Ambient.Ztunnel.Tests.Pods;

public sealed class ZdsCodecTests
{
    [Fact]
    public void Add_MayCarryAPacketMark_OfFourBytes()
    {
        byte[] add = [0x0a, 0x0a, 0x0a, 0x01, (byte)'u', 0xa2, 0x06, 0x04, 0x78, 0x56, 0x34, 0x12];
        Assert.True(ZdsCodec.TryRead(add, out ZdsMessage? message, out string? error), error);
        Assert.Equal(0x12345678u, Assert.IsType<ZdsMessage.Add>(message).Mark);
        Assert.DoesNotContain("305419896", message!.ToString(), StringComparison.Ordinal);
        byte[] cut = [0x0a, 0x09, 0x0a, 0x01, (byte)'u', 0xa2, 0x06, 0x03, 0x78, 0x56, 0x34];
        Assert.False(ZdsCodec.TryRead(cut, out _, out error));
        Assert.Contains("mark", error, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "ZT-239")]
    public void Add_WithAndWithoutInfo_IsRead()
    {
        Assert.True(ZdsCodec.TryRead(ZdsPackets.Add("uid1"), out ZdsMessage? message, out _));
        Assert.Equal(new ZdsMessage.Add("uid1", new ZdsWorkloadInfo("name", "ns", "sa")), message);
        Assert.True(ZdsCodec.TryRead(ZdsPackets.Add("uid1", info: false), out message, out _));
        Assert.Equal(new ZdsMessage.Add("uid1", null), message);
    }

    [Fact]
    [Trait("behaviour", "ZT-240")]
    public void Delete_IsRead_AndItsUidIsFieldTwo()
    {
        Assert.True(ZdsCodec.TryRead(ZdsPackets.Delete("uid1"), out ZdsMessage? message, out _));
        Assert.Equal(new ZdsMessage.Delete("uid1"), message);
        Assert.False(ZdsCodec.TryRead(ZdsPackets.Field(2, ZdsPackets.Field(1, ZdsPackets.Text("uid1"))), out _, out string? error));
        Assert.Equal("del.uid is empty", error);
    }

    [Fact]
    public void KeepAndSnapshot_AreRead_UnknownFieldsSkipped()
    {
        Assert.True(ZdsCodec.TryRead([0x08, 0x05, 0x39, 1, 2, 3, 4, 5, 6, 7, 8, .. ZdsPackets.Keep("u"), 0x45, 1, 2, 3, 4], out ZdsMessage? message, out _));
        Assert.Equal(new ZdsMessage.Keep("u"), message);
        Assert.True(ZdsCodec.TryRead(ZdsPackets.Snapshot, out message, out _));
        Assert.IsType<ZdsMessage.SnapshotSent>(message);
    }

    [Theory]
    [InlineData("", "no payload")]
    [InlineData("0A", "not a protobuf message")]
    [InlineData("0A05", "not a protobuf message")]
    [InlineData("0AFFFFFFFFFFFFFFFFFF01", "not a protobuf message")]
    [InlineData("0B", "not a protobuf message")]
    [InlineData("0A00", "add.uid is empty")]
    [InlineData("0A030A01FF", "add.uid is not UTF-8")]
    [InlineData("0A040A01611203", "add is malformed")]
    [InlineData("4A00", "no payload")]
    public void Nonsense_IsRefusedWithTheReason(string hex, string expected)
    {
        Assert.False(ZdsCodec.TryRead(Convert.FromHexString(hex), out ZdsMessage? message, out string? error));
        Assert.Null(message);
        Assert.True(error == expected || (hex == "0A040A01611203" && error is not null), error);
    }

    [Theory]
    [InlineData("AA060101", true, null)]
    [InlineData("AA060100", false, null)]
    [InlineData("AA060102", false, "leads is neither 0 nor 1")]
    [InlineData("AA0600", false, "leads is neither 0 nor 1")]
    public void WhoLeads_IsOurAgentsAddition(string packet, bool value, string? wrong)
    {
        bool isRead = ZdsCodec.TryRead(Convert.FromHexString(packet), out ZdsMessage? message, out string? error);

        Assert.Equal((wrong is null, wrong), (isRead, error));
        Assert.Equal(wrong is null ? new ZdsMessage.Leads(value) : null, message);
    }

    [Fact]
    public void HelloAndAcks_AreTheWireBytes()
    {
        Assert.StartsWith("0801", Convert.ToHexString(ZdsCodec.Hello), StringComparison.Ordinal);
        Assert.Equal("0A00", Convert.ToHexString(ZdsCodec.Ack(null)));
        Assert.Equal("failed", ZdsPackets.ReadAck(ZdsCodec.Ack("failed")));
        byte[] longest = ZdsCodec.Ack(new string('ä', 5000));
        Assert.True(longest.Length < 1024);
        Assert.DoesNotContain("\ufffd", ZdsPackets.ReadAck(longest)!, StringComparison.Ordinal);
    }

    [Fact]
    public void GeneratedMessages_AndOurs_UnderstandEachOther()
    {
        var info = new Generated.WorkloadInfo { Name = "näme", Namespace = "ns", ServiceAccount = new string('s', 200) };
        var cases = new (Generated.WorkloadRequest Request, ZdsMessage Expected)[]
        {
            (new() { Add = new() { Uid = "u", WorkloadInfo = info } }, new ZdsMessage.Add("u", new ZdsWorkloadInfo("näme", "ns", info.ServiceAccount))),
            (new() { Add = new() { Uid = "u" } }, new ZdsMessage.Add("u", null)),
            (new() { Keep = new() { Uid = "k" } }, new ZdsMessage.Keep("k")),
            (new() { Del = new() { Uid = "d" } }, new ZdsMessage.Delete("d")),
            (new() { SnapshotSent = new() }, new ZdsMessage.SnapshotSent()),
        };
        foreach ((Generated.WorkloadRequest request, ZdsMessage expected) in cases)
        {
            Assert.True(ZdsCodec.TryRead(request.ToByteArray(), out ZdsMessage? message, out string? error), error);
            Assert.Equal(expected, message);
        }

        Assert.Equal(Generated.Version.V1, Generated.ZdsHello.Parser.ParseFrom(ZdsCodec.Hello.ToArray()).Version);
        Assert.Equal("", Generated.WorkloadResponse.Parser.ParseFrom(ZdsCodec.Ack(null)).Ack.Error);
        Assert.Equal(new string('x', 500), Generated.WorkloadResponse.Parser.ParseFrom(ZdsCodec.Ack(new string('x', 500))).Ack.Error);
    }

    [Fact]
    public void RandomAndMutatedPackets_NeverThrow()
    {
        const int Seed = 20261120;
        var random = new Random(Seed);
        byte[][] seeds = [ZdsPackets.Add("0123456789abcdef"), ZdsPackets.Delete("u"), ZdsPackets.Keep("k"), ZdsPackets.Snapshot];
        int read = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] packet = [.. seeds[i % seeds.Length]];
            if (i % 5 == 4)
            {
                packet = new byte[random.Next(64)];
                random.NextBytes(packet);
            }

            for (int flips = random.Next(4); flips > 0 && packet.Length > 0; flips--)
            {
                packet[random.Next(packet.Length)] = (byte)random.Next(256);
            }

            bool ok = ZdsCodec.TryRead(packet.AsSpan(0, random.Next(packet.Length + 1)), out ZdsMessage? message, out string? error);
            Assert.True(ok == (message is not null) && ok == (error is null), $"seed {Seed}, step {i}: {Convert.ToHexString(packet)}");
            read += ok ? 1 : 0;
        }

        Assert.True(read > 100, $"only {read} packets were readable");
    }
}
