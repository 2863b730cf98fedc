using System.Buffers.Binary;
using Ambient.Dns.Messages;
using Ambient.Linux.Sockets;

namespace Ambient.Ztunnel.Dns.Messages;

/// <summary>Writes answers and changes those of others. Nothing is ever written beyond the given space. Thread-safe.</summary>
internal static class DnsReply
{
    /// <summary>TTL of every record of ours (ztunnel.md 7.1).</summary>
    public const uint Ttl = 30;

    private const int OptLength = 11;

    /// <summary>An answer without records.</summary>
    public static int WriteEmpty(Span<byte> space, ReadOnlySpan<byte> query, in DnsQuery read, DnsCode code, bool authoritative)
    {
        // A message that could not be read has no question that could be repeated.
        int question = code is DnsCode.FormatError or DnsCode.NotImplemented ? DnsWire.HeaderLength : read.QuestionEnd;
        int length = WriteHead(space, query[..question], read, code, authoritative);
        WriteEdns(space, ref length, read.Edns);
        return length;
    }

    /// <summary>
    /// Addresses for the queried name, after a CNAME if there is one. What does not fit into <paramref name="limit"/> is left
    /// out and TC set; the count of address records is returned beside the length.
    /// </summary>
    public static int WriteAddresses(Span<byte> space, int limit, ReadOnlySpan<byte> query, in DnsQuery read, string? alias, ReadOnlySpan<SocketAddress> addresses, out int written)
    {
        int length = WriteHead(space, query[..read.QuestionEnd], read, DnsCode.NoError, authoritative: true);
        int end = Math.Min(limit, space.Length) - (read.Edns is null ? 0 : OptLength);
        int owner = DnsWire.HeaderLength, records = 0;
        bool cut = false;
        written = 0;
        if (alias is not null)
        {
            int start = length;
            cut = !TryWriteAlias(space, end, ref length, alias, out owner);
            length = cut ? start : length;
            records += cut ? 0 : 1;
        }

        for (int i = 0; i < addresses.Length && !cut; i++)
        {
            int data = addresses[i].IsIPv4 ? 4 : 16;
            cut = length + 12 + data > end;
            if (!cut)
            {
                DnsWire.PutU16(space, length, 0xc000 | owner);
                WriteRecordHead(space, length + 2, addresses[i].IsIPv4 ? DnsType.A : DnsType.Aaaa, data);
                addresses[i].WriteAddressBytes(space[(length + 12)..]);
                length += 12 + data;
                written++;
            }
        }

        DnsWire.PutU16(space, 6, records + written);
        if (cut)
        {
            DnsWire.PutU16(space, 2, DnsWire.U16(space, 2) | DnsWire.Truncated);
        }

        WriteEdns(space, ref length, read.Edns);
        return length;
    }

    /// <summary>
    /// Makes an upstream's answer ours: the asker's id, not authoritative, recursion available. Records stay untouched.
    /// </summary>
    public static void Adopt(Span<byte> response, in DnsQuery read)
    {
        const int Dropped = DnsWire.Authoritative | DnsWire.AuthenticData | DnsWire.CheckingDisabled;
        DnsWire.PutU16(response, 0, read.Id);
        DnsWire.PutU16(response, 2, (DnsWire.U16(response, 2) & ~Dropped) | DnsWire.RecursionAvailable);
    }

    /// <summary>Stands in for an answer that is too long for the asker: the question alone, with TC set and the answer's code.</summary>
    public static int WriteCut(Span<byte> space, ReadOnlySpan<byte> query, in DnsQuery read, DnsCode code)
    {
        int length = WriteHead(space, query[..read.QuestionEnd], read, code, authoritative: false);
        DnsWire.PutU16(space, 2, DnsWire.U16(space, 2) | DnsWire.Truncated);
        WriteEdns(space, ref length, read.Edns);
        return length;
    }

    private static int WriteHead(Span<byte> space, ReadOnlySpan<byte> headAndQuestion, in DnsQuery read, DnsCode code, bool authoritative)
    {
        headAndQuestion.CopyTo(space);
        int flags = DnsWire.ResponseBit | DnsWire.RecursionAvailable | (read.Flags & (DnsWire.OpcodeMask | DnsWire.RecursionDesired))
            | (authoritative ? DnsWire.Authoritative : 0) | (int)code;
        DnsWire.PutU16(space, 0, read.Id);
        DnsWire.PutU16(space, 2, flags);
        space[4..DnsWire.HeaderLength].Clear();
        DnsWire.PutU16(space, 4, headAndQuestion.Length > DnsWire.HeaderLength ? 1 : 0);
        return headAndQuestion.Length;
    }

    /// <summary>Writes the CNAME record; <paramref name="owner"/> is where its target lies, for the addresses to point at.</summary>
    private static bool TryWriteAlias(Span<byte> space, int end, ref int length, string alias, out int owner)
    {
        owner = length + 12;
        if (owner >= end)
        {
            return false;
        }

        DnsWire.PutU16(space, length, 0xc000 | DnsWire.HeaderLength);
        int dataEnd = owner;
        if (!DnsWire.TryWriteName(space[..end], ref dataEnd, alias))
        {
            return false;
        }

        WriteRecordHead(space, length + 2, DnsType.Cname, dataEnd - owner);
        length = dataEnd;
        return true;
    }

    private static void WriteRecordHead(Span<byte> space, int offset, ushort type, int dataLength)
    {
        DnsWire.PutU16(space, offset, type);
        DnsWire.PutU16(space, offset + 2, DnsWire.ClassInternet);
        BinaryPrimitives.WriteUInt32BigEndian(space[(offset + 4)..], Ttl);
        DnsWire.PutU16(space, offset + 8, dataLength);
    }

    private static void WriteEdns(Span<byte> space, ref int length, DnsEdns? edns)
    {
        if (edns is not { } asked || length + OptLength > space.Length)
        {
            return;
        }

        Span<byte> record = space.Slice(length, OptLength);
        record.Clear();
        DnsWire.PutU16(record, 1, DnsType.Opt);
        DnsWire.PutU16(record, 3, Math.Max((ushort)DnsWire.MaxPlainUdp, asked.Payload));
        record[6] = asked.Version;
        record[7] = asked.DnssecOk ? (byte)0x80 : (byte)0;
        DnsWire.PutU16(space, 10, 1);
        length += OptLength;
    }
}
