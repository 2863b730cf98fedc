using System.Buffers.Binary;
using Ambient.Linux.Native;
using Ambient.Linux.Netlink;

namespace Ambient.Linux.Netfilter;

/// <summary>One rule: conditions that must all hold, then a verdict. For one thread at a time.</summary>
public sealed class NftRule
{
    private const byte Icmpv6 = 58;
    private const uint EtherTypeOffset = 12;
    private readonly List<Action<NetlinkWriter>> _expressions = [];

    /// <summary>Came in through an interface, by its index.</summary>
    public NftRule CameIn(int interfaceIndex) => Meta(Kernel.NFT_META_IIF).Compare(Kernel.NFT_CMP_EQ, Native(interfaceIndex));

    /// <summary>Goes out through an interface, by its index.</summary>
    public NftRule GoesOut(int interfaceIndex) => Meta(Kernel.NFT_META_OIF).Compare(Kernel.NFT_CMP_EQ, Native(interfaceIndex));

    /// <summary>Is an ICMPv6 message with a type in a range.</summary>
    public NftRule IsIcmpv6(byte firstType, byte lastType) =>
        Meta(Kernel.NFT_META_NFPROTO).Compare(Kernel.NFT_CMP_EQ, [Kernel.NFPROTO_IPV6])
            .Meta(Kernel.NFT_META_L4PROTO).Compare(Kernel.NFT_CMP_EQ, [Icmpv6])
            .TransportByte(0).Compare(Kernel.NFT_CMP_GTE, [firstType]).Compare(Kernel.NFT_CMP_LTE, [lastType]);

    /// <summary>Took a route to get here, that is: the network stack made it or led it, and it has passed the hooks of family inet.</summary>
    public NftRule IsRouted() => Meta(Kernel.NFT_META_RTCLASSID).Compare(Kernel.NFT_CMP_GTE, new byte[sizeof(uint)]);

    /// <summary>Is a frame of a kind by what stands in the frame itself (EtherType).</summary>
    public NftRule IsFrame(ushort kind) => Payload(Kernel.NFT_PAYLOAD_LL_HEADER, EtherTypeOffset, sizeof(ushort)).Compare(Kernel.NFT_CMP_EQ, [(byte)(kind >> 8), (byte)kind]);

    /// <summary>Is a frame of a kind as its maker said, which is how the packet in it is looked for.</summary>
    public NftRule IsSaidToBe(ushort kind) => Meta(Kernel.NFT_META_PROTOCOL).Compare(Kernel.NFT_CMP_EQ, [(byte)(kind >> 8), (byte)kind]);

    /// <summary>Holds a packet of another transport, known as such: what cannot be read does not match.</summary>
    public NftRule IsNotTransport(byte protocol) => Meta(Kernel.NFT_META_L4PROTO).Compare(Kernel.NFT_CMP_NEQ, [protocol]);

    /// <summary>May pass this chain.</summary>
    public NftRule Accept() => Add("immediate", w =>
    {
        w.Big(Kernel.NFTA_IMMEDIATE_DREG, Kernel.NFT_REG_VERDICT);
        int data = w.Nest(Kernel.NFTA_IMMEDIATE_DATA);
        int verdict = w.Nest(Kernel.NFTA_DATA_VERDICT);
        w.Big(Kernel.NFTA_VERDICT_CODE, Kernel.NF_ACCEPT);
        w.Close(verdict);
        w.Close(data);
    });

    internal void WriteTo(NetlinkWriter writer) => _expressions.ForEach(e => e(writer));

    private static byte[] Native(int value)
    {
        byte[] bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }

    private NftRule Meta(uint key) => Add("meta", w =>
    {
        w.Big(Kernel.NFTA_META_KEY, key);
        w.Big(Kernel.NFTA_META_DREG, Kernel.NFT_REG32_00);
    });

    private NftRule TransportByte(uint offset) => Payload(Kernel.NFT_PAYLOAD_TRANSPORT_HEADER, offset, 1);

    private NftRule Payload(uint header, uint offset, uint length) => Add("payload", w =>
    {
        w.Big(Kernel.NFTA_PAYLOAD_DREG, Kernel.NFT_REG32_00);
        w.Big(Kernel.NFTA_PAYLOAD_BASE, header);
        w.Big(Kernel.NFTA_PAYLOAD_OFFSET, offset);
        w.Big(Kernel.NFTA_PAYLOAD_LEN, length);
    });

    private NftRule Compare(uint operation, byte[] value) => Add("cmp", w =>
    {
        w.Big(Kernel.NFTA_CMP_SREG, Kernel.NFT_REG32_00);
        w.Big(Kernel.NFTA_CMP_OP, operation);
        int data = w.Nest(Kernel.NFTA_CMP_DATA);
        w.Attribute(Kernel.NFTA_DATA_VALUE, value);
        w.Close(data);
    });

    private NftRule Add(string name, Action<NetlinkWriter> data)
    {
        _expressions.Add(w =>
        {
            int element = w.Nest(Kernel.NFTA_LIST_ELEM);
            w.Text(Kernel.NFTA_EXPR_NAME, name);
            int nest = w.Nest(Kernel.NFTA_EXPR_DATA);
            data(w);
            w.Close(nest);
            w.Close(element);
        });
        return this;
    }
}
