namespace Ambient.Dns.Messages;

/// <summary>
/// What is understood of a query; the rest stays bytes and is forwarded as it is. Immutable.
/// </summary>
/// <param name="Id">Message id.</param>
/// <param name="Flags">The flags word.</param>
/// <param name="QuestionEnd">Offset behind the only question.</param>
/// <param name="Name">Queried name, lower case, without final dot.</param>
/// <param name="IsPlainName">Whether the name could be that of a Service at all.</param>
/// <param name="Type">Queried type.</param>
/// <param name="Edns">The OPT record's payload size, extended flags and version, if there is one.</param>
public readonly record struct DnsQuery(ushort Id, ushort Flags, int QuestionEnd, string Name, bool IsPlainName, ushort Type, DnsEdns? Edns)
{
    /// <summary>Whether it asks for addresses.</summary>
    public bool AsksForAddress => Type is DnsType.A or DnsType.Aaaa;

    /// <summary>The longest answer that the asker takes over UDP.</summary>
    public int UdpLimit => Math.Max(DnsWire.MaxPlainUdp, (int)(Edns?.Payload ?? 0));

    /// <summary>
    /// Reads a query. False with <see cref="DnsCode.NoError"/> means that it deserves no answer at all (ztunnel.md 7.1).
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out DnsQuery query, out DnsCode error)
    {
        query = default;
        error = DnsCode.NoError;
        if (message.Length < DnsWire.HeaderLength)
        {
            return false;
        }

        ushort flags = DnsWire.U16(message, 2);
        if ((flags & DnsWire.ResponseBit) != 0)
        {
            return false;
        }

        error = DnsCode.FormatError;
        query = new DnsQuery(DnsWire.U16(message, 0), flags, DnsWire.HeaderLength, string.Empty, false, 0, null);
        bool isQuery = (flags & DnsWire.OpcodeMask) == 0;
        int questions = DnsWire.U16(message, 4), offset = DnsWire.HeaderLength;
        if (isQuery && questions != 1)
        {
            return false;
        }

        for (int i = 0; i < questions; i++)
        {
            if (!DnsWire.TryReadName(message, ref offset, out string name, out bool plain) || message.Length - offset < 4)
            {
                return false;
            }

            offset += 4;
            if (i == 0)
            {
                query = query with { QuestionEnd = offset, Name = name, IsPlainName = plain, Type = DnsWire.U16(message, offset - 4) };
            }
        }

        if (!TryReadRecords(message, offset, ref query))
        {
            return false;
        }

        error = isQuery ? DnsCode.NoError : DnsCode.NotImplemented;
        return isQuery;
    }

    private static bool TryReadRecords(ReadOnlySpan<byte> message, int offset, ref DnsQuery query)
    {
        int records = DnsWire.U16(message, 6) + DnsWire.U16(message, 8) + DnsWire.U16(message, 10);
        for (int i = 0; i < records; i++)
        {
            if (!DnsWire.TryReadRecord(message, ref offset, out DnsRecord record))
            {
                return false;
            }

            if (record.Type == DnsType.Opt)
            {
                // Two of them, or one with an owner name, violate RFC 6891 6.1.1.
                if (query.Edns is not null || message[record.Start] != 0)
                {
                    return false;
                }

                query = query with { Edns = new DnsEdns(record.Class, (byte)(record.Ttl >> 16), (record.Ttl & 0x8000) != 0) };
            }
        }

        return true;
    }
}
