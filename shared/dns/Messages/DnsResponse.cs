using Ambient.Linux.Sockets;

namespace Ambient.Dns.Messages;

/// <summary>What is asked of an upstream's answer. Thread-safe.</summary>
public static class DnsResponse
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

    /// <summary>
    /// Adds the addresses among the answers, whatever names lead to them, and says how long all of that holds (RFC 2181 section 8); false when the message cannot be read.
    /// Nothing of a message that cannot be read is used.
    /// </summary>
    /// <param name="response">The message.</param>
    /// <param name="type">A or AAAA.</param>
    /// <param name="most">How many are taken at most.</param>
    /// <param name="addresses">Takes them; without ports.</param>
    /// <param name="seconds">How long they hold; the largest number when there are no records.</param>
    public static bool TryReadAddresses(ReadOnlySpan<byte> response, ushort type, int most, ICollection<SocketAddress> addresses, out uint seconds)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        seconds = uint.MaxValue;
        if (!TryFindAnswers(response, out int offset))
        {
            return false;
        }

        List<SocketAddress> found = [];
        for (int i = DnsWire.U16(response, 6); i > 0; i--)
        {
            if (!DnsWire.TryReadRecord(response, ref offset, out DnsRecord record))
            {
                return false;
            }

            if (record.Class != DnsWire.ClassInternet || (record.Type != type && record.Type != DnsType.Cname))
            {
                continue;
            }

            seconds = Math.Min(seconds, record.Ttl > int.MaxValue ? 0 : record.Ttl);
            if (record.Type == type && record.DataLength == (type == DnsType.A ? 4 : 16) && found.Count < most)
            {
                found.Add(SocketAddress.From(response.Slice(record.DataStart, record.DataLength), 0));
            }
        }

        found.ForEach(addresses.Add);
        return true;
    }

    /// <summary>The first address among the answers, whatever names lead to it.</summary>
    public static bool TryFirstAddress(ReadOnlySpan<byte> response, ushort type, out SocketAddress address)
    {
        address = default;
        if (!TryFindAnswers(response, out int offset))
        {
            return false;
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

    private static bool TryFindAnswers(ReadOnlySpan<byte> response, out int offset)
    {
        offset = DnsWire.HeaderLength;
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

        return true;
    }
}
