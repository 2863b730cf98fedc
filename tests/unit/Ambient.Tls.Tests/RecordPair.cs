using Ambient.Tls.Records;

namespace Ambient.Tls.Tests;

/// <summary>Moves records between two layers and checks what arrives.</summary>
internal static unsafe class RecordPair
{
    public static byte[] Sealed(RecordLayer layer, byte[] plaintext)
    {
        byte[] buffer = new byte[RecordLayer.HeaderSize + plaintext.Length + RecordLayer.TrailerSize];
        plaintext.CopyTo(buffer, RecordLayer.HeaderSize);
        fixed (byte* pointer = buffer)
        {
            int length = layer.Seal(pointer, plaintext.Length);
            Assert.Equal(buffer.Length, length);
        }

        return buffer;
    }

    public static OpenResult Open(RecordLayer layer, byte[] record)
    {
        fixed (byte* pointer = record)
        {
            return layer.Open(pointer, record.Length);
        }
    }

    public static byte[] Opened(RecordLayer layer, byte[] record)
    {
        byte[] copy = [.. record];
        OpenResult result = Open(layer, copy);
        Assert.Equal(OpenStatus.Data, result.Status);
        return copy.AsSpan(result.Offset, result.Length).ToArray();
    }

    public static byte[] Control(RecordLayer layer)
    {
        byte[] buffer = new byte[RecordLayer.MaxControl];
        fixed (byte* pointer = buffer)
        {
            return buffer[..layer.PendingControl(pointer, buffer.Length)];
        }
    }

    public static byte[] CloseNotify(RecordLayer layer)
    {
        byte[] buffer = new byte[RecordLayer.MaxControl];
        fixed (byte* pointer = buffer)
        {
            return buffer[..layer.CloseNotify(pointer, buffer.Length)];
        }
    }

    public static void Transfer(RecordLayer from, RecordLayer to, int length)
    {
        byte[] data = new byte[length];
        new Random(length).NextBytes(data);
        Assert.Equal(data, Opened(to, Sealed(from, data)));
    }
}
