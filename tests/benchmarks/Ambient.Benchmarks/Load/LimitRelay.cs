using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Tls.Records;

namespace Ambient.Benchmarks.Load;

/// <summary>
/// The least that an encrypting relay can do: blocking sockets, 256 KB per read, records sealed or opened in place with a fixed key. One
/// connection, one direction; the pair of it is the limit that bulk throughput is compared with.
/// </summary>
internal static unsafe class LimitRelay
{
    private const int Records = 16;
    private const int Slot = RecordLayer.HeaderSize + RecordLayer.MaxPlaintext + RecordLayer.TrailerSize;

    /// <summary>Relays until killed.</summary>
    public static int Run(Ambient.Linux.Sockets.SocketAddress listen, string target, bool seal)
    {
        using Socket listener = new(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(IPEndPoint.Parse(listen.ToString()));
        listener.Listen(64);
        while (true)
        {
            Socket from = listener.Accept();
            Socket to = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            to.Connect(IPEndPoint.Parse(target));
            Thread thread = new(() => Relay(from, to, seal)) { IsBackground = true };
            thread.Start();
        }
    }

    private static void Relay(Socket from, Socket to, bool seal)
    {
        byte[] secret = new byte[32];
        Array.Fill(secret, (byte)7);
        using TrafficState state = new() { CipherSuite = CipherSuite.Aes128Gcm, IsClient = seal, WriteSecret = secret, ReadSecret = (byte[])secret.Clone() };
        using RecordLayer layer = RecordLayer.Import(state);
        byte* buffer = (byte*)NativeMemory.AlignedAlloc((Records + 1) * Slot, 4096);
        using (from)
        using (to)
        {
            if (seal)
            {
                Seal((int)from.Handle, (int)to.Handle, layer, buffer);
            }
            else
            {
                Open((int)from.Handle, (int)to.Handle, layer, buffer);
            }
        }

        NativeMemory.AlignedFree(buffer);
    }

    private static void Seal(int from, int to, RecordLayer layer, byte* buffer)
    {
        IoVector[] gaps = new IoVector[Records];
        for (int i = 0; i < Records; i++)
        {
            gaps[i] = new IoVector(buffer + (i * Slot) + RecordLayer.HeaderSize, RecordLayer.MaxPlaintext);
        }

        while (true)
        {
            SysResult read = SocketIo.ReadVector(from, gaps);
            if (read.IsError || read.Value == 0)
            {
                return;
            }

            int total = 0;
            for (int left = (int)read.Value, i = 0; left > 0; i++)
            {
                int length = Math.Min(left, RecordLayer.MaxPlaintext);
                total += layer.Seal(buffer + (i * Slot), length);
                left -= length;
            }

            Write(to, buffer, total);
        }
    }

    private static void Open(int from, int to, RecordLayer layer, byte* buffer)
    {
        int have = 0;
        IoVector[] pieces = new IoVector[Records + 2];
        while (true)
        {
            SysResult read = SocketIo.Read(from, buffer + have, (Records * Slot) - have);
            if (read.IsError || read.Value == 0)
            {
                return;
            }

            have += (int)read.Value;
            int at = 0;
            int count = 0;
            while (have - at >= RecordLayer.HeaderSize)
            {
                int length = RecordLayer.HeaderSize + ((buffer[at + 3] << 8) | buffer[at + 4]);
                if (have - at < length)
                {
                    break;
                }

                OpenResult opened = layer.Open(buffer + at, length);
                pieces[count++] = new IoVector(buffer + at + opened.Offset, opened.Length);
                at += length;
            }

            WriteAll(to, pieces.AsSpan(0, count));
            Buffer.MemoryCopy(buffer + at, buffer, (Records + 1) * Slot, have - at);
            have -= at;
        }
    }

    private static void Write(int to, byte* bytes, int count)
    {
        while (count > 0)
        {
            SysResult written = SocketIo.Write(to, bytes, count);
            bytes += written.OrThrow("send", "limit");
            count -= (int)written.Value;
        }
    }

    private static void WriteAll(int to, Span<IoVector> pieces)
    {
        while (!pieces.IsEmpty)
        {
            int written = (int)SocketIo.WriteVector(to, pieces).OrThrow("sendmsg", "limit");
            while (!pieces.IsEmpty && written >= (int)pieces[0].Length)
            {
                written -= (int)pieces[0].Length;
                pieces = pieces[1..];
            }

            if (written > 0)
            {
                pieces[0] = new IoVector((byte*)pieces[0].Address + written, (int)pieces[0].Length - written);
            }
        }
    }
}
