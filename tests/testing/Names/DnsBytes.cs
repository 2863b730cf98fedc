using System.Buffers.Binary;
using System.Text;
using Xunit;

namespace Ambient.Testing.Names;

/// <summary>DNS messages as a client makes and reads them, written apart from the product's code.</summary>
public static class DnsBytes
{
    public const ushort A = 1, Ns = 2, Aaaa = 28, Txt = 16;

    public static byte[] Query(string name, ushort type = A, ushort id = 0x1234, ushort flags = 0x0100, int? edns = null)
    {
        var bytes = new List<byte>();
        U16(bytes, id);
        U16(bytes, flags);
        U16(bytes, 1);
        U16(bytes, 0);
        U16(bytes, 0);
        U16(bytes, edns is null ? 0 : 1);
        Name(bytes, name);
        U16(bytes, type);
        U16(bytes, 1);
        if (edns is { } payload)
        {
            bytes.AddRange([0, 0, 41]);
            U16(bytes, payload);
            bytes.AddRange([0, 0, 0x80, 0, 0, 0]);
        }

        return [.. bytes];
    }

    /// <summary>An upstream's answer to a query: the same question, then records (name, type, data) for answer and additional.</summary>
    public static byte[] Answer(ReadOnlySpan<byte> query, int code, (string Name, ushort Type, byte[] Data)[] answers, (string Name, ushort Type, byte[] Data)[]? additional = null, ushort moreFlags = 0x0400, int seconds = 60)
    {
        int question = 12;
        while (query[question] != 0)
        {
            question += query[question] + 1;
        }

        var bytes = new List<byte>([.. query[..(question + 5)]]);
        void Put(int offset, int value) => (bytes[offset], bytes[offset + 1]) = ((byte)(value >> 8), (byte)value);
        Put(2, 0x8000 | moreFlags | code | (BinaryPrimitives.ReadUInt16BigEndian(query[2..]) & 0x0100));
        Put(6, answers.Length);
        Put(8, 0);
        Put(10, additional?.Length ?? 0);
        foreach ((string name, ushort type, byte[] data) in answers.Concat(additional ?? []))
        {
            Name(bytes, name);
            U16(bytes, type);
            U16(bytes, 1);
            U16(bytes, seconds >> 16);
            U16(bytes, seconds & 0xffff);
            U16(bytes, data.Length);
            bytes.AddRange(data);
        }

        return [.. bytes];
    }

    public static byte[] EncodeName(string name)
    {
        var bytes = new List<byte>();
        Name(bytes, name);
        return [.. bytes];
    }

    public static Message Read(byte[] message)
    {
        int offset = 12;
        int flags = Get(message, 2);
        var questions = new List<string>();
        for (int i = 0; i < Get(message, 4); i++)
        {
            questions.Add(ReadName(message, ref offset));
            offset += 4;
        }

        List<Record> Section(int count)
        {
            var records = new List<Record>();
            for (int i = 0; i < count; i++)
            {
                string name = ReadName(message, ref offset);
                int type = Get(message, offset), size = Get(message, offset + 2), length = Get(message, offset + 8);
                uint ttl = BinaryPrimitives.ReadUInt32BigEndian(message.AsSpan(offset + 4));
                offset += 10;
                int data = offset;
                string text = type switch
                {
                    1 or 28 => new System.Net.IPAddress(message.AsSpan(data, length)).ToString(),
                    5 => ReadName(message, ref data),
                    _ => Convert.ToHexString(message.AsSpan(data, length)),
                };
                offset += length;
                records.Add(new Record(name, type, ttl, text, size));
            }

            return records;
        }

        var answers = Section(Get(message, 6));
        Section(Get(message, 8));
        var additional = Section(Get(message, 10));
        Assert.Equal(message.Length, offset);
        return new Message((ushort)Get(message, 0), flags, questions, answers, additional);
    }

    private static string ReadName(byte[] message, ref int offset)
    {
        var labels = new List<string>();
        int position = offset;
        bool jumped = false;
        while (message[position] != 0)
        {
            if (message[position] >= 0xc0)
            {
                offset = jumped ? offset : position + 2;
                jumped = true;
                position = Get(message, position) & 0x3fff;
                continue;
            }

            labels.Add(Encoding.ASCII.GetString(message, position + 1, message[position]));
            position += message[position] + 1;
        }

        offset = jumped ? offset : position + 1;
        return string.Join('.', labels);
    }

    private static int Get(byte[] message, int offset) => (message[offset] << 8) | message[offset + 1];

    private static void Name(List<byte> bytes, string name)
    {
        foreach (string label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            bytes.Add((byte)label.Length);
            bytes.AddRange(Encoding.ASCII.GetBytes(label));
        }

        bytes.Add(0);
    }

    private static void U16(List<byte> bytes, int value) => bytes.AddRange([(byte)(value >> 8), (byte)value]);

    public sealed record Record(string Name, int Type, uint Ttl, string Text, int Class);

    public sealed record Message(ushort Id, int Flags, List<string> Questions, List<Record> Answers, List<Record> Additional)
    {
        public int Code => Flags & 15;

        public bool Authoritative => (Flags & 0x0400) != 0;

        public bool Truncated => (Flags & 0x0200) != 0;

        public bool RecursionAvailable => (Flags & 0x0080) != 0;

        public Record? Edns => Additional.SingleOrDefault(r => r.Type == 41);
    }
}
