using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Hbone.Tests.Sessions;
using Ambient.Mesh.Connections;
using static Ambient.Hbone.Tests.Abuse.Raw;

namespace Ambient.Hbone.Tests.Abuse;

/// <summary>What a server can do wrong to our client role: the connection ends, or the stream does, with the code that RFC 9113 names.</summary>
public sealed class HostileServerTests
{
    private static readonly byte[] Ok = Request(1, (":status", "200"));

    private static readonly (string Name, Http2Error Code, byte[][] Frames)[] ConnectionErrors =
    [
        ("HEADERS on a stream that we did not open", Http2Error.ProtocolError, [Request(3, (":status", "200"))]),
        ("HEADERS on an even stream", Http2Error.ProtocolError, [Request(2, (":status", "200"))]),
        ("HEADERS on stream 0", Http2Error.ProtocolError, [Request(0, (":status", "200"))]),
        ("DATA on a stream that we did not open", Http2Error.ProtocolError, [Data(3, 1)]),
        ("DATA on an even stream", Http2Error.ProtocolError, [Data(2, 1)]),
        ("RST_STREAM on a stream that we did not open", Http2Error.ProtocolError, [Reset(3)]),
        ("WINDOW_UPDATE on a stream that we did not open", Http2Error.ProtocolError, [WindowUpdate(5, 1)]),
        ("PUSH_PROMISE", Http2Error.ProtocolError, [Frame(FrameType.PushPromise, EndHeaders, 1, 0, 0, 0, 2)]),
        ("SETTINGS_ENABLE_PUSH of 1", Http2Error.ProtocolError, [Settings((2, 1))]),
        ("SETTINGS_INITIAL_WINDOW_SIZE beyond 31 bits", Http2Error.FlowControlError, [Settings((4, 0x8000_0000))]),
        ("header block that does not decode", Http2Error.CompressionError, [Frame(FrameType.Headers, EndHeaders, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)]),
        ("response interrupted by PING", Http2Error.ProtocolError, [Frame(FrameType.Headers, 0, 1, Block((":status", "200"))), Frame(FrameType.Ping, 0, 0, new byte[8])]),
        ("GOAWAY of 7 bytes", Http2Error.FrameSizeError, [Frame(FrameType.GoAway, 0, 0, new byte[7])]),
        ("frame larger than SETTINGS_MAX_FRAME_SIZE", Http2Error.FrameSizeError, [[0xff, 0xff, 0xff, (byte)FrameType.Data, 0, 0, 0, 0, 1]]),
        ("WINDOW_UPDATE that overflows the connection's window", Http2Error.FlowControlError, [WindowUpdate(0, 0x7fff_ffff), WindowUpdate(0, 1)]),
    ];

    private static readonly (string Name, Http2Error Code, byte[][] Frames)[] StreamErrors =
    [
        ("DATA in front of the response", Http2Error.ProtocolError, [Data(1, 10)]),
        ("response without a status", Http2Error.ProtocolError, [Request(1, ("baggage", "x"))]),
        ("status that is no number", Http2Error.ProtocolError, [Request(1, (":status", "2x0"))]),
        ("status of four digits", Http2Error.ProtocolError, [Request(1, (":status", "2000"))]),
        ("two statuses", Http2Error.ProtocolError, [Request(1, (":status", "200"), (":status", "503"))]),
        ("status 101", Http2Error.ProtocolError, [Request(1, (":status", "101"))]),
        ("status 099", Http2Error.ProtocolError, [Request(1, (":status", "099"))]),
        ("interim response that ends the stream", Http2Error.ProtocolError, [Frame(FrameType.Headers, EndHeaders | EndStream, 1, Block((":status", "100")))]),
        ("request fields in a response", Http2Error.ProtocolError, [Request(1, (":status", "200"), (":authority", "a:1"))]),
        ("upper case in a name", Http2Error.ProtocolError, [Request(1, (":status", "200"), ("Baggage", "x"))]),
        ("connection field", Http2Error.ProtocolError, [Request(1, (":status", "200"), ("connection", "close"))]),
        ("header list that is too large", Http2Error.ProtocolError, [Request(1, [(":status", "200"), .. Enumerable.Repeat(("a", "b"), 3_000)])]),
        ("second response", Http2Error.ProtocolError, [Ok, Ok]),
        ("DATA behind END_STREAM", Http2Error.StreamClosed, [Ok, Data(1, 0, EndStream), Data(1, 1)]),
        ("WINDOW_UPDATE of 0", Http2Error.ProtocolError, [Ok, WindowUpdate(1, 0)]),
        ("WINDOW_UPDATE that overflows", Http2Error.FlowControlError, [Ok, WindowUpdate(1, 0x7fff_ffff)]),
    ];

    private static readonly (string Name, Func<int, byte[][]> Make)[] Floods =
    [
        ("interim responses", i => [Request(1, (":status", "103"))]),
        ("pings", _ => [Frame(FrameType.Ping, 0, 0, new byte[8])]),
        ("settings", _ => [Settings((4, 65_535))]),
        ("empty DATA frames", i => i == 0 ? [Ok] : [Data(1, 0)]),
        ("priorities", _ => [Frame(FrameType.Priority, 0, 1, 0, 0, 0, 0, 1)]),
        ("unknown frames", _ => [Frame((FrameType)0x42, 0, 0)]),
        ("window updates of one byte", _ => [WindowUpdate(0, 1)]),
        ("DATA on a stream that is gone", i => i == 0 ? [Reset(1)] : [Data(1, 0)]),
        ("trailers on a stream that is gone", i => i == 0 ? [Reset(1)] : [Request(1, ("grpc-status", "0"))]),
    ];

    public static TheoryData<string> ConnectionErrorNames => new(ConnectionErrors.Select(c => c.Name));

    public static TheoryData<string> StreamErrorNames => new(StreamErrors.Select(c => c.Name));

    public static TheoryData<string> FloodNames => new(Floods.Select(f => f.Name));

    [Theory]
    [MemberData(nameof(ConnectionErrorNames))]
    public void ConnectionError_EndsTheSessionAndTellsTheApplication(string name)
    {
        (_, Http2Error code, byte[][] frames) = ConnectionErrors.Single(c => c.Name == name);
        using RawPeer peer = RawPeer.Server();
        MemoryEndpoint application = Open(peer, 1);
        peer.Send(frames);
        peer.Until(peer.IsClosed, "the end of the connection");
        Assert.Equal(code, peer.GoAway);
        Assert.Equal(CloseReason.ProtocolError, application.Closure!.Value.Reason);
        Assert.Equal(0, application.Received.Length);
    }

    [Theory]
    [MemberData(nameof(StreamErrorNames))]
    public void StreamError_EndsOneStreamAndTheNextOneWorks(string name)
    {
        (_, Http2Error code, byte[][] frames) = StreamErrors.Single(c => c.Name == name);
        using RawPeer peer = RawPeer.Server();
        MemoryEndpoint application = Open(peer, 1);
        peer.Send(frames);
        peer.Until(() => peer.ResetOf(1) is not null, "RST_STREAM");
        Assert.Equal(code, peer.ResetOf(1));
        Assert.Equal(CloseReason.ProtocolError, application.Closure!.Value.Reason);

        MemoryEndpoint next = Open(peer, 3);
        peer.Send(Request(3, (":status", "200")));
        peer.Until(() => next.Opened is not null, "the next answer");
        Assert.Null(peer.GoAway);
    }

    [Theory]
    [MemberData(nameof(FloodNames))]
    public void Flood_EndsTheSession(string name)
    {
        Func<int, byte[][]> make = Floods.Single(f => f.Name == name).Make;
        using RawPeer peer = RawPeer.Server();
        MemoryEndpoint application = Open(peer, 1);
        int n = 0;
        for (int round = 0; round < 400 && !peer.IsClosed(); round++)
        {
            peer.Send([.. Enumerable.Range(0, 50).SelectMany(_ => make(n++))]);
        }

        peer.Until(peer.IsClosed, $"the end after {n} frames");
        Assert.Equal(Http2Error.EnhanceYourCalm, peer.GoAway);
        Assert.NotNull(application.Closure);
        Assert.Equal(0, peer.Session.ActiveStreams);
    }

    [Fact]
    public void GoAway_EndsTheStreamsBehindTheLastOne_AndLetsTheOthersFinish()
    {
        using RawPeer peer = RawPeer.Server();
        MemoryEndpoint first = Open(peer, 1);
        MemoryEndpoint second = Open(peer, 3);
        peer.Send(Frame(FrameType.GoAway, 0, 0, [.. Number(1), .. Number(0)]));
        peer.Until(() => second.Closure is not null, "the refusal");
        Assert.Equal(Http2Error.RefusedStream, second.Closure!.Value.Code);
        Assert.False(peer.Session.CanOpen);

        peer.Send(Ok, Data(1, 100, EndStream));
        peer.Until(() => first.PeerEnded, "the rest of the first stream");
        Assert.Equal(100, first.Received.Length);
        EndSource(first);
        peer.Until(peer.IsClosed, "the end of the session");
        Assert.Equal(CloseReason.Completed, first.Closure!.Value.Reason);
    }

    [Fact]
    public void WindowThatStaysShut_HoldsUpItsOwnStreamOnly()
    {
        using RawPeer peer = RawPeer.Server();
        peer.Send(Settings((4, 0)));
        peer.Until(() => peer.Received().Count(f => f.Type == FrameType.Settings && f.Flags == Ack) == 2, "both acknowledgements");
        byte[] content = new byte[40_000];
        MemoryEndpoint shut = Open(peer, 1, content);
        MemoryEndpoint open = Open(peer, 3, content);
        peer.Send(Ok, Request(3, (":status", "200")));
        peer.Until(() => shut.Opened is not null && open.Opened is not null, "the answers");
        ((StreamEndpoint)shut).Stream!.OnSourceReadable(true);
        ((StreamEndpoint)open).Stream!.OnSourceReadable(true);

        peer.Send(WindowUpdate(3, 40_000));
        peer.Until(() => Sent(peer, 3) == 40_000, "the stream with a window");
        Assert.Equal(0, Sent(peer, 1));

        peer.Send(WindowUpdate(1, 10_000));
        peer.Until(() => Sent(peer, 1) == 10_000, "as much as the window allows");
    }

    [Fact]
    public void RandomFrames_NeverBreakTheSessionOrItsMemory()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        try
        {
            for (int i = 0; i < 60; i++)
            {
                SendRandomFrames(random);
            }
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {seed}", e);
        }
    }

    private static void SendRandomFrames(Random random)
    {
        // Disposing asserts that no buffer leaked and nothing was thrown.
        using RawPeer peer = RawPeer.Server();
        for (int n = 0; n < 20 && !peer.IsClosed(); n++)
        {
            if (random.Next(4) == 0 && peer.Session.CanOpen)
            {
                peer.Session.Open(new ConnectRequest { Authority = "10.0.0.1:80" }, new MemoryEndpoint(random, new byte[random.Next(3000)]));
            }

            peer.Send(RandomFrame(random, 3, stream => Request(stream, (":status", "200"))));
        }
    }

    private static MemoryEndpoint Open(RawPeer peer, int stream, byte[]? source = null)
    {
        var application = new MemoryEndpoint(new Random(1), source ?? []) { EndsSource = false };
        peer.Session.Open(new ConnectRequest { Authority = "10.0.0.1:80" }, application);
        peer.Until(() => peer.Received().Any(f => f.Type == FrameType.Headers && f.Stream == stream), "the request");
        return application;
    }

    private static void EndSource(MemoryEndpoint application)
    {
        application.EndsSource = true;
        ((StreamEndpoint)application).Stream!.OnSourceReadable(true);
    }

    private static int Sent(RawPeer peer, int stream) => peer.Received().Where(f => f.Type == FrameType.Data && f.Stream == stream).Sum(f => f.Payload.Length);
}
