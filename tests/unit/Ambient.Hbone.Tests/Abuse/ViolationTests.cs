using Ambient.Hbone.Frames;
using static Ambient.Hbone.Tests.Abuse.Raw;

namespace Ambient.Hbone.Tests.Abuse;

/// <summary>Every way to break RFC 9113 that has a frame: the connection ends, or one stream does, with the code that the RFC names.</summary>
public sealed class ViolationTests
{
    private static readonly (string Name, Http2Error Code, byte[][] Frames)[] ConnectionErrors =
    [
        ("DATA on stream 0", Http2Error.ProtocolError, [Data(0, 1)]),
        ("DATA on an idle stream", Http2Error.ProtocolError, [Data(1, 1)]),
        ("DATA with more padding than payload", Http2Error.ProtocolError, [Connect(1), Frame(FrameType.Data, Padded, 1, 5, 0, 0)]),
        ("DATA of no byte that says it is padded", Http2Error.FrameSizeError, [Connect(1), Frame(FrameType.Data, Padded, 1)]),
        ("HEADERS on stream 0", Http2Error.ProtocolError, [Connect(0)]),
        ("HEADERS on an even stream", Http2Error.ProtocolError, [Connect(2)]),
        ("HEADERS with more padding than payload", Http2Error.ProtocolError, [Frame(FrameType.Headers, Padded | EndHeaders, 1, 9, 0)]),
        ("HEADERS interrupted by DATA", Http2Error.ProtocolError, [Connect(1), Frame(FrameType.Headers, 0, 3, Block((":method", "CONNECT"))), Data(1, 1)]),
        ("HEADERS interrupted by an unknown frame", Http2Error.ProtocolError, [Frame(FrameType.Headers, 0, 1, Block((":method", "CONNECT"))), Frame((FrameType)99, 0, 1)]),
        ("CONTINUATION without HEADERS", Http2Error.ProtocolError, [Frame(FrameType.Continuation, EndHeaders, 1, 0)]),
        ("CONTINUATION on another stream", Http2Error.ProtocolError, [Frame(FrameType.Headers, 0, 1, Block((":method", "CONNECT"))), Frame(FrameType.Continuation, EndHeaders, 3)]),
        ("header block that does not decode", Http2Error.CompressionError, [Frame(FrameType.Headers, EndHeaders, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)]),
        ("header block that refers to nothing", Http2Error.CompressionError, [Frame(FrameType.Headers, EndHeaders, 1, 0x80 | 100)]),
        ("header block cut in the middle", Http2Error.CompressionError, [Frame(FrameType.Headers, EndHeaders, 1, 0, 5, (byte)'a')]),
        ("CONTINUATION on stream 0", Http2Error.ProtocolError, [Frame(FrameType.Headers, 0, 1, Block((":method", "CONNECT"))), Frame(FrameType.Continuation, EndHeaders, 0)]),
        ("HEADERS of a request on a closed stream", Http2Error.ProtocolError, [Connect(1), Reset(1), Connect(1)]),
        ("PRIORITY of 4 bytes", Http2Error.FrameSizeError, [Frame(FrameType.Priority, 0, 1, 0, 0, 0, 0)]),
        ("PRIORITY on stream 0", Http2Error.ProtocolError, [Frame(FrameType.Priority, 0, 0, 0, 0, 0, 0, 0)]),
        ("RST_STREAM on stream 0", Http2Error.ProtocolError, [Reset(0)]),
        ("RST_STREAM on an idle stream", Http2Error.ProtocolError, [Reset(1)]),
        ("RST_STREAM of 3 bytes", Http2Error.FrameSizeError, [Connect(1), Frame(FrameType.RstStream, 0, 1, 0, 0, 0)]),
        ("SETTINGS on a stream", Http2Error.ProtocolError, [Frame(FrameType.Settings, 0, 1)]),
        ("SETTINGS of 5 bytes", Http2Error.FrameSizeError, [Frame(FrameType.Settings, 0, 0, 0, 1, 0, 0, 0)]),
        ("SETTINGS acknowledgement with content", Http2Error.FrameSizeError, [Frame(FrameType.Settings, Ack, 0, 0, 1, 0, 0, 0, 0)]),
        ("SETTINGS_ENABLE_PUSH of 2", Http2Error.ProtocolError, [Settings((2, 2))]),
        ("SETTINGS_INITIAL_WINDOW_SIZE beyond 31 bits", Http2Error.FlowControlError, [Settings((4, 0x8000_0000))]),
        ("SETTINGS_INITIAL_WINDOW_SIZE that overflows a stream's window", Http2Error.FlowControlError, [Connect(1), WindowUpdate(1, 0x7fff_0000), Settings((4, 0x7fff_ffff))]),
        ("SETTINGS_MAX_FRAME_SIZE too small", Http2Error.ProtocolError, [Settings((5, 100))]),
        ("SETTINGS_MAX_FRAME_SIZE too large", Http2Error.ProtocolError, [Settings((5, 0x0100_0000))]),
        ("PUSH_PROMISE", Http2Error.ProtocolError, [Frame(FrameType.PushPromise, EndHeaders, 1, 0, 0, 0, 2)]),
        ("PING on a stream", Http2Error.ProtocolError, [Frame(FrameType.Ping, 0, 1, new byte[8])]),
        ("PING of 7 bytes", Http2Error.FrameSizeError, [Frame(FrameType.Ping, 0, 0, new byte[7])]),
        ("GOAWAY on a stream", Http2Error.ProtocolError, [Frame(FrameType.GoAway, 0, 1, new byte[8])]),
        ("GOAWAY of 7 bytes", Http2Error.FrameSizeError, [Frame(FrameType.GoAway, 0, 0, new byte[7])]),
        ("WINDOW_UPDATE of 3 bytes", Http2Error.FrameSizeError, [Frame(FrameType.WindowUpdate, 0, 0, 0, 0, 1)]),
        ("WINDOW_UPDATE of 0 for the connection", Http2Error.ProtocolError, [WindowUpdate(0, 0)]),
        ("WINDOW_UPDATE on an idle stream", Http2Error.ProtocolError, [WindowUpdate(1, 1)]),
        ("WINDOW_UPDATE that overflows the connection's window", Http2Error.FlowControlError, [WindowUpdate(0, 0x7fff_ffff), WindowUpdate(0, 1)]),
        ("frame larger than SETTINGS_MAX_FRAME_SIZE", Http2Error.FrameSizeError, [[0xff, 0xff, 0xff, (byte)FrameType.Data, 0, 0, 0, 0, 1]]),
        ("stream that was opened before a higher one", Http2Error.ProtocolError, [Connect(5), Connect(3)]),
    ];

    private static readonly (string Name, Http2Error Code, byte[][] Frames)[] StreamErrors =
    [
        ("WINDOW_UPDATE of 0", Http2Error.ProtocolError, [Connect(1), WindowUpdate(1, 0)]),
        ("WINDOW_UPDATE that overflows", Http2Error.FlowControlError, [Connect(1), WindowUpdate(1, 0x7fff_ffff)]),
        ("upper case in a name", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), ("Baggage", "x"))]),
        ("NUL in a value", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), ("baggage", "x\0y"))]),
        ("line break in a value", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), ("baggage", "x\r\ny"))]),
        ("connection field", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), ("connection", "close"))]),
        ("transfer-encoding", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), ("transfer-encoding", "chunked"))]),
        (":path in a CONNECT", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), (":path", "/"))]),
        (":scheme in a CONNECT", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), (":scheme", "https"))]),
        ("repeated pseudo-header", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), (":authority", "b:1"))]),
        ("unknown pseudo-header", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), (":protocol2", "x"))]),
        ("pseudo-header behind a regular field", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), ("baggage", "x"), (":authority", "a:1"))]),
        ("SETTINGS_INITIAL_WINDOW_SIZE that one stream has used up, then too much", Http2Error.FlowControlError, [Connect(1), Settings((4, 0)), WindowUpdate(1, 0x7fff_ffff), WindowUpdate(1, 1)]),
        ("DATA behind END_STREAM", Http2Error.StreamClosed, [Connect(1), Data(1, 0, EndStream), Data(1, 1)]),
        ("HEADERS behind END_STREAM", Http2Error.ProtocolError, [Connect(1), Data(1, 0, EndStream), Connect(1)]),
        ("trailers that do not end the stream", Http2Error.ProtocolError, [Connect(1), Request(1, ("grpc-status", "0"))]),
        (":status in a request", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), (":status", "200"))]),
        ("te that is not trailers", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), ("te", "gzip"))]),
        ("proxy-connection", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), ("proxy-connection", "keep-alive"))]),
        ("colon in a name", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), ("a:b", "x"))]),
        ("space in a name", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), ("a b", "x"))]),
        ("byte beyond ASCII in a name", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), ("a\u00e9", "x"))]),
        ("value that begins with a space", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), ("baggage", " x"))]),
        ("value that ends with a tab", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), ("baggage", "x\t"))]),
        ("more fields than the list may have", Http2Error.ProtocolError, [Request(1, [(":method", "CONNECT"), (":authority", "a:1"), .. Enumerable.Repeat(("a", "b"), 3_000)])]),
        ("authority longer than the list may be", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", new string('a', 70_000)))]),
        ("field without a name", Http2Error.ProtocolError, [Request(1, (":method", "CONNECT"), (":authority", "a:1"), ("", "x"))]),
    ];

    public static TheoryData<string> ConnectionErrorNames => new(ConnectionErrors.Select(c => c.Name));

    public static TheoryData<string> StreamErrorNames => new(StreamErrors.Select(c => c.Name));

    [Theory]
    [MemberData(nameof(ConnectionErrorNames))]
    public void ConnectionError_EndsTheSessionWithItsCode(string name)
    {
        (_, Http2Error code, byte[][] frames) = ConnectionErrors.Single(c => c.Name == name);
        using RawPeer peer = RawPeer.Client();
        peer.Send(frames);
        peer.Until(peer.IsClosed, "the end of the connection");
        Assert.Equal(code, peer.GoAway);
        Assert.NotNull(peer.Owner.Closed);
    }

    [Theory]
    [MemberData(nameof(StreamErrorNames))]
    public void StreamError_EndsOneStreamAndTheNextOneWorks(string name)
    {
        (_, Http2Error code, byte[][] frames) = StreamErrors.Single(c => c.Name == name);
        using RawPeer peer = RawPeer.Client();
        peer.Send(frames);
        peer.Until(() => peer.ResetOf(1) is not null, "RST_STREAM");
        Assert.Equal(code, peer.ResetOf(1));
        int before = peer.Owner.Requests.Count;
        peer.Send(Connect(7));
        peer.Until(() => peer.Owner.Requests.Count > before, "the next request");
        Assert.Null(peer.Owner.Closed);
        Assert.Null(peer.GoAway);
    }

    [Fact]
    public void WrongPreface_IsNoSession()
    {
        using RawPeer peer = RawPeer.Client(greet: false);
        peer.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        peer.Until(peer.IsClosed, "the end of the connection");
        Assert.Empty(peer.Owner.Requests);
    }

    [Fact]
    public void FirstFrameMustBeSettings()
    {
        using RawPeer peer = RawPeer.Client(greet: false);
        peer.Send(Preface, Connect(1));
        peer.Until(peer.IsClosed, "the end of the connection");
        Assert.Empty(peer.Owner.Requests);
    }

    [Fact]
    public void FirstFrameMustBeSettings_NotTheirAcknowledgement()
    {
        using RawPeer peer = RawPeer.Client(greet: false);
        peer.Send(Preface, Frame(FrameType.Settings, Ack, 0), Settings(), Connect(1));
        peer.Until(peer.IsClosed, "the end of the connection");
        Assert.Empty(peer.Owner.Requests);
    }

    [Fact]
    public void UnknownFramesAndSettings_AreIgnored()
    {
        using RawPeer peer = RawPeer.Client();
        peer.Send(Frame((FrameType)0x77, 0xff, 0, 1, 2, 3), Settings((0x99, 7)), Frame(FrameType.Priority, 0, 3, 0, 0, 0, 1, 5), Connect(1));
        peer.Until(() => peer.Owner.Requests.Count == 1, "the request");
        Assert.Null(peer.GoAway);
    }

    [Fact]
    public void MoreDataThanTheStreamsWindow_IsAFlowControlError()
    {
        var settings = new Ambient.Hbone.Sessions.HboneSettings();
        using RawPeer peer = RawPeer.Client(settings);
        peer.Send(Connect(1));
        for (int sent = 0; sent <= settings.InitialStreamWindow && !peer.IsClosed(); sent += 16_384)
        {
            peer.Send(Data(1, 16_384));
        }

        peer.Until(() => peer.GoAway is not null || peer.ResetOf(1) is not null, "the error");
        Assert.Equal(Http2Error.FlowControlError, peer.GoAway ?? peer.ResetOf(1));
    }

    [Fact]
    public void MoreDataThanTheConnectionsWindow_IsAFlowControlError()
    {
        // Two streams within their own windows, beyond that of the connection.
        var settings = new Ambient.Hbone.Sessions.HboneSettings { ConnectionWindow = 1_000_000, StreamWindow = 800_000, InitialStreamWindow = 800_000 };
        using RawPeer peer = RawPeer.Client(settings);
        peer.Send(Connect(1), Connect(3));
        for (int sent = 0; sent < 750_000; sent += 15_000)
        {
            peer.Send(Data(1, 15_000), Data(3, 15_000));
        }

        peer.Until(peer.IsClosed, "the end of the connection");
        Assert.Equal(Http2Error.FlowControlError, peer.GoAway);
        Assert.Null(peer.ResetOf(1) ?? peer.ResetOf(3));
    }

    [Theory]
    [InlineData("no method")]
    [InlineData("no authority")]
    public void RequestWithoutWhatAConnectNeeds_IsRefused(string what)
    {
        using RawPeer peer = RawPeer.Client();
        peer.Send(what == "no method" ? Request(1, (":authority", "a:1")) : Request(1, (":method", "CONNECT")));
        peer.Until(() => peer.Received().Any(f => f.Stream == 1), "the answer");
        Assert.Empty(peer.Owner.Requests);
        Assert.Null(peer.GoAway);
    }

    [Fact]
    public void DataAndTrailersOnAStreamThatIsGone_AreDropped_AndTheirWindowComesBack()
    {
        var settings = new Ambient.Hbone.Sessions.HboneSettings { ConnectionWindow = 65_535 * 2, StreamWindow = 65_535, InitialStreamWindow = 65_535 };
        using RawPeer peer = RawPeer.Client(settings);
        int stream = 1;
        for (int sent = 0; sent < 1_000_000; sent += 15_000, stream += 2)
        {
            peer.Send(Connect(stream), Reset(stream), Data(stream, 15_000), Request(stream, ("grpc-status", "0")));
            int answered = stream / 2;
            peer.Until(() => peer.Owner.Requests.Count > answered, "the request");
        }

        Assert.Null(peer.GoAway);
        Assert.Contains(peer.Received(), f => f.Type == FrameType.WindowUpdate && f.Stream == 0);
    }

    [Fact]
    public void RequestThatIsNoConnect_IsRefusedAsSuch()
    {
        using RawPeer peer = RawPeer.Client();
        peer.Send(Request(1, (":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "/")));
        peer.Until(() => peer.Received().Any(f => f.Stream == 1), "the answer");
        Assert.Empty(peer.Owner.Requests);
        Assert.Null(peer.GoAway);
    }
}
