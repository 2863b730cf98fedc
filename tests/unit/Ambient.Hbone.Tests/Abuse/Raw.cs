using System.Buffers.Binary;
using System.Text;
using Ambient.Hbone.Frames;

namespace Ambient.Hbone.Tests.Abuse;

/// <summary>Frames byte by byte, right or wrong.</summary>
internal static class Raw
{
    public const byte EndStream = 1;
    public const byte Ack = 1;
    public const byte EndHeaders = 4;
    public const byte Padded = 8;

    public static byte[] Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    public static byte[] Frame(FrameType type, byte flags, int stream, params ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[9 + payload.Length];
        frame[0] = (byte)(payload.Length >> 16);
        frame[1] = (byte)(payload.Length >> 8);
        frame[2] = (byte)payload.Length;
        frame[3] = (byte)type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    /// <summary>A frame of any type, flags and low stream, or now and then <paramref name="good"/>; one in six has a bit flipped.</summary>
    public static byte[] RandomFrame(Random random, int goodOneIn, Func<int, byte[]> good)
    {
        byte[] payload = new byte[random.Next(3) == 0 ? random.Next(200) : random.Next(10)];
        random.NextBytes(payload);
        int stream = random.Next(3) == 0 ? 0 : random.Next(8);
        byte[] frame = random.Next(goodOneIn) == 0 ? good(stream) : Frame((FrameType)random.Next(12), (byte)random.Next(256), stream, payload);
        if (random.Next(6) == 0)
        {
            frame[random.Next(frame.Length)] ^= (byte)(1 << random.Next(8));
        }

        return frame;
    }

    public static byte[] Settings(params (int Id, uint Value)[] settings) => Frame(FrameType.Settings, 0, 0, [.. settings.SelectMany(s => new[] { (byte)(s.Id >> 8), (byte)s.Id }.Concat(Number(s.Value)))]);

    public static byte[] WindowUpdate(int stream, uint increment) => Frame(FrameType.WindowUpdate, 0, stream, Number(increment));

    public static byte[] Reset(int stream, Http2Error code = Http2Error.Cancel) => Frame(FrameType.RstStream, 0, stream, Number((uint)code));

    public static byte[] Data(int stream, int length, byte flags = 0) => Frame(FrameType.Data, flags, stream, new byte[length]);

    /// <summary>A good CONNECT.</summary>
    public static byte[] Connect(int stream) => Request(stream, (":method", "CONNECT"), (":authority", "10.0.0.1:80"));

    public static byte[] Request(int stream, params (string Name, string Value)[] fields) => Frame(FrameType.Headers, EndHeaders, stream, Block(fields));

    /// <summary>Literals without indexing and without Huffman coding (RFC 7541 section 6.2.2).</summary>
    public static byte[] Block(params (string Name, string Value)[] fields)
    {
        var block = new List<byte>();
        foreach ((string name, string value) in fields)
        {
            block.Add(0);
            AddText(block, name);
            AddText(block, value);
        }

        return [.. block];
    }

    public static byte[] Number(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    private static void AddText(List<byte> block, string text)
    {
        if (text.Length < 127)
        {
            block.Add((byte)text.Length);
        }
        else
        {
            block.Add(127);
            int left = text.Length - 127;
            for (; left >= 128; left >>= 7)
            {
                block.Add((byte)((left & 127) | 128));
            }

            block.Add((byte)left);
        }

        block.AddRange(Encoding.Latin1.GetBytes(text));
    }
}
