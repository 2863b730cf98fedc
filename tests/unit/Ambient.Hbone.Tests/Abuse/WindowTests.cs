using System.Buffers.Binary;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Hbone.Tests.Sessions;
using Ambient.Linux;
using static Ambient.Hbone.Tests.Abuse.Raw;

namespace Ambient.Hbone.Tests.Abuse;

/// <summary>Windows never shrink for good: whatever becomes of received bytes, the peer gets its credit back (RFC 9113 section 6.9).</summary>
public sealed class WindowTests
{
    private static readonly HboneSettings Small = new() { ConnectionWindow = 256 * 1024, StreamWindow = 128 * 1024, InitialStreamWindow = 128 * 1024 };

    [Fact]
    public void BytesOfResetStreams_ReturnToTheConnection()
    {
        using RawPeer peer = RawPeer.Client(Small);
        Hold(peer, stalled: true);
        SendInRounds(peer, stream => [Data(stream, 60_000), Reset(stream)]);
    }

    [Fact]
    public void BytesThatADeadApplicationDidNotTake_ReturnToTheConnection()
    {
        using RawPeer peer = RawPeer.Client(Small);
        Hold(peer, stalled: false, Errno.ECONNRESET);
        SendInRounds(peer, stream => [Data(stream, 60_000)]);
    }

    [Fact]
    public void BytesOfRefusedStreams_ReturnToTheConnection()
    {
        using RawPeer peer = RawPeer.Client(Small);
        List<TunnelStream> waiting = [];
        peer.Owner.OnRequest = (stream, _) => waiting.Add(stream);
        SendInRounds(
            peer,
            stream => [Data(stream, 60_000)],
            () =>
            {
                waiting.ForEach(s => s.Refuse(503));
                waiting.Clear();
            });
    }

    [Fact]
    public void Padding_ReturnsToTheStreamToo()
    {
        using RawPeer peer = RawPeer.Client(Small);
        Hold(peer, stalled: false);
        peer.Send(Connect(1));
        byte[] padded = Frame(FrameType.Data, Padded, 1, [200, 1, .. new byte[200]]);
        long sent = 0;
        for (int round = 0; round < 30; round++)
        {
            byte[][] burst = [.. Enumerable.Repeat(padded, 100)];
            long now = sent;
            peer.Until(() => Math.Min(Window(peer, 1, 128 * 1024), Window(peer, 0, 65535)) - now >= burst.Length * 202, "credit for padding");
            peer.Send(burst);
            sent += burst.Length * 202;
        }

        Assert.Null(peer.Owner.Closed);
    }

    private static void SendInRounds(RawPeer peer, Func<int, byte[][]> frames, Action? after = null)
    {
        long sent = 0;
        for (int stream = 1; stream < 80; stream += 2)
        {
            long now = sent;
            peer.Until(() => Window(peer, 0, 65535) - now >= 60_000, $"credit before stream {stream}");
            peer.Send([Connect(stream), .. frames(stream)]);
            int requests = (stream + 1) / 2;
            peer.Until(() => peer.Owner.Requests.Count == requests, "the request");
            peer.Send(Frame(FrameType.Ping, 0, 0, new byte[8]));
            peer.Until(() => peer.Received().Count(f => f.Type == FrameType.Ping) == requests, "all of it is read");
            after?.Invoke();
            sent += 60_000;
        }

        Assert.Null(peer.Owner.Closed);
    }

    private static void Hold(RawPeer peer, bool stalled, Errno? error = null) =>
        peer.Owner.OnRequest = (stream, _) => stream.Accept(new MemoryEndpoint(new Random(1), []) { EndsSource = false, Stalled = stalled, WriteError = error, Greedy = true }, new ConnectResponse(200));

    private static long Window(RawPeer peer, int stream, long initial) =>
        initial + peer.Received().Where(f => f.Type == FrameType.WindowUpdate && f.Stream == stream).Sum(f => (long)BinaryPrimitives.ReadUInt32BigEndian(f.Payload));
}
