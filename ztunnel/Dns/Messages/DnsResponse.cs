using Ambient.Linux.Sockets;

namespace Ambient.Ztunnel.Dns.Messages;

/// <summary>What is asked of an upstream's answer. Thread-safe.</summary>
internal static class DnsResponse
{
    /// <summary>
    /// Whether these bytes answer the query that was sent: its id, a response, its question. Case of the name is ignored, since
    /// some servers change it.
    /// </summary>
    public static bool Answers(ReadOnlySpan<byte> response, ushort id, ReadOnlySpan<byte> query, in DnsQuery read)
    {
        if (response.Length < DnsWire.HeaderLength || DnsWire.U16(response, 0) != id || (DnsWire.U16(response, 2) & DnsWire.ResponseBit) == 0)
        {
            return false;
        }

        // A server that cannot read the question may leave it out of its error.
        int questions = DnsWire.U16(response, 4);
        if (questions == 0)
        {
            return Code(response) != DnsCode.NoError;
        }

        int offset = DnsWire.HeaderLength;
        return questions == 1
            && DnsWire.TryReadName(response, ref offset, out string name, out _)
            && offset + 4 <= response.Length
            && name == read.Name
            && response.Slice(offset, 4).SequenceEqual(query.Slice(read.QuestionEnd - 4, 4));
    }

    /// <summary>Its response code.</summary>
    public static DnsCode Code(ReadOnlySpan<byte> response) => (DnsCode)(DnsWire.U16(response, 2) & DnsWire.CodeMask);

    /// <summary>Whether records were left out.</summary>
    public static bool IsTruncated(ReadOnlySpan<byte> response) => (DnsWire.U16(response, 2) & DnsWire.Truncated) != 0;

    /// <summary>How many answers it has.</summary>
    public static int AnswerCount(ReadOnlySpan<byte> response) => DnsWire.U16(response, 6);

    /// <summary>The first address among the answers, whatever names lead to it.</summary>
    public static bool TryFirstAddress(ReadOnlySpan<byte> response, ushort type, out SocketAddress address)
    {
        address = default;
        int offset = DnsWire.HeaderLength;
        if (response.Length < offset)
        {
            return false;
        }

        for (int i = DnsWire.U16(response, 4); i > 0; i--)
        {
            if (!DnsWire.TrySkipName(response, ref offset) || (offset += 4) > response.Length)
            {
                return false;
            }
        }

        for (int i = DnsWire.U16(response, 6); i > 0; i--)
        {
            if (!DnsWire.TryReadRecord(response, ref offset, out DnsRecord record))
            {
                return false;
            }

            if (record.Type == type && record.Class == DnsWire.ClassInternet && record.DataLength == (type == DnsType.A ? 4 : 16))
            {
                address = SocketAddress.From(response.Slice(record.DataStart, record.DataLength), 0);
                return true;
            }
        }

        return false;
    }
}
