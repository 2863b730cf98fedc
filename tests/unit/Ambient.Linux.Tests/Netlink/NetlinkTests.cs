using Ambient.Linux.Native;
using Ambient.Linux.Netlink;
using Ambient.Linux.Routing;

namespace Ambient.Linux.Tests.Netlink;

public sealed class NetlinkTests
{
    [Fact]
    public void WrittenAttributes_AreRead()
    {
        var writer = new NetlinkWriter();
        int nest = writer.Nest(7);
        writer.Text(1, "lo");
        writer.Native(2, 0x01020304);
        writer.Big(3, 0x01020304);
        writer.Attribute(4, [9]);
        writer.Close(nest);
        var outer = new NetlinkAttributes(writer.Written);
        Assert.True(outer.MoveNext());
        Assert.Equal(7, outer.Type);
        var inner = new NetlinkAttributes(outer.Value);
        Assert.True(inner.MoveNext());
        Assert.Equal((1, "lo"), (inner.Type, inner.Text));
        Assert.True(inner.MoveNext());
        Assert.Equal(0x01020304u, inner.Number);
        Assert.True(inner.MoveNext());
        Assert.Equal([1, 2, 3, 4], inner.Value.ToArray());
        Assert.True(inner.MoveNext());
        Assert.Equal(9u, inner.Number);
        Assert.False(inner.MoveNext());
        Assert.False(outer.MoveNext());
    }

    [Fact]
    public void Reply_KnowsErrorsFromAcknowledgements()
    {
        var reply = new NetlinkReply();
        reply.Add(Message(Kernel.NLMSG_ERROR, 0, BitConverter.GetBytes(0)));
        Assert.Equal((1, Errno.None, false), (reply.Acknowledged, reply.Error, reply.IsBroken));
        reply.Add([.. Message(99, 0, [1, 2, 3]), .. Message(Kernel.NLMSG_ERROR, 0, BitConverter.GetBytes(-17)), .. Message(Kernel.NLMSG_ERROR, 0, BitConverter.GetBytes(-2))]);
        Assert.Equal((1, Errno.EEXIST, false), (reply.Acknowledged, reply.Error, reply.IsBroken));
        Assert.Equal([1, 2, 3], Assert.Single(reply.Objects).Body);
    }

    [Fact]
    public void Reply_CutShortOrInterrupted_IsNotTrusted()
    {
        byte[] whole = Message(99, 0, [1, 2, 3, 4]);
        for (int length = 1; length < whole.Length; length++)
        {
            var cut = new NetlinkReply();
            cut.Add(whole.AsSpan(0, length));
            Assert.True(cut.IsBroken, length.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        var interrupted = new NetlinkReply();
        interrupted.Add(Message(99, Kernel.NLM_F_DUMP_INTR, [1]));
        Assert.True(interrupted.IsBroken);
    }

    [Fact]
    public void RandomBytes_NeverThrow()
    {
        for (int seed = 0; seed < 5000; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = new byte[random.Next(120)];
            random.NextBytes(bytes);
            if (bytes.Length > 8 && random.Next(2) == 0)
            {
                (bytes[0], bytes[1], bytes[2], bytes[3]) = ((byte)bytes.Length, 0, 0, 0);
            }

            new NetlinkReply().Add(bytes);
            var attributes = new NetlinkAttributes(bytes);
            while (attributes.MoveNext())
            {
                _ = attributes.Number;
                _ = attributes.Text;
            }

            _ = RoutingTables.ReadRule(bytes);
            _ = RoutingTables.ReadRoute(bytes);
        }
    }

    private static byte[] Message(ushort type, ushort flags, byte[] body)
    {
        int length = 16 + body.Length;
        byte[] bytes = new byte[(length + 3) & ~3];
        BitConverter.GetBytes(length).CopyTo(bytes, 0);
        BitConverter.GetBytes(type).CopyTo(bytes, 4);
        BitConverter.GetBytes(flags).CopyTo(bytes, 6);
        body.CopyTo(bytes, 16);
        return bytes;
    }
}
