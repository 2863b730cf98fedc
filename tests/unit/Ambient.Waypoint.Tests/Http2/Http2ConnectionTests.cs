using Ambient.Hbone.Frames;
using Ambient.Testing.Clocks;
using Ambient.Waypoint.Http2;

namespace Ambient.Waypoint.Tests.Http2;

/// <summary>Windows, ends and errors of a connection.</summary>
public sealed class Http2ConnectionTests
{
    private const byte Last = FrameFlags.EndStream;
    private const byte Whole = FrameFlags.EndHeaders;

    [Fact]
    public void Request_ArrivesWhole_AlsoByteByByte()
    {
        using ProbeConnection connection = ProbeConnection.Begin();
        byte[] request = [.. Post(1), .. Wire.Frame(FrameType.Data, 0, 1, "hello"u8), .. Wire.Frame(FrameType.Headers, Whole | Last, 1, Wire.Block(("x-t", "1"), ("host", "evil")))];
        foreach (byte octet in request)
        {
            connection.Memory.Receive([octet]);
        }

        ProbeStream stream = Assert.Single(connection.Requests);
        Assert.Equal(5, stream.Received);
        Assert.True(stream.IsRequestEnded);
        Assert.Equal("1", stream.Trailers?.Text("x-t"));
        Assert.False(stream.Trailers!.Contains("host"));
    }

    [Fact]
    public void Writer_WaitsForWindows_AndIsToldOfRoom()
    {
        using ProbeConnection connection = ProbeConnection.Begin();
        connection.Say(Wire.Get(1));
        ProbeStream stream = connection.Requests[0];
        stream.SendData(new byte[100_000]);
        stream.SendEnd(null);
        Assert.True(stream.IsFull);

        // What a peer allows without having said anything; the end waits behind it.
        Assert.Equal(["Data 1", "Data 1", "Data 1", "Data 1"], Wire.Read(connection.Memory.TakeSent()));
        Assert.Empty(connection.Say(Wire.Frame(FrameType.WindowUpdate, 0, 1, Wire.Number(100_000))));
        Assert.Equal(["Data 1", "Data 1", "Data 1", "Data 1"], connection.Say(Wire.Frame(FrameType.WindowUpdate, 0, 0, Wire.Number(100_000))));
        Assert.True(stream.LocalEnded);
    }

    [Fact]
    public void Streams_ShareTheConnectionsWindow()
    {
        using ProbeConnection connection = ProbeConnection.Begin();
        connection.Say([.. Wire.Get(1), .. Wire.Get(3), .. Wire.Frame(FrameType.WindowUpdate, 0, 1, Wire.Number(1_000_000)), .. Wire.Frame(FrameType.WindowUpdate, 0, 3, Wire.Number(1_000_000))]);
        connection.Requests[0].SendData(new byte[200_000]);
        connection.Requests[1].SendData(new byte[200_000]);
        connection.Memory.TakeSent();

        List<string> sent = connection.Say(Wire.Frame(FrameType.WindowUpdate, 0, 0, Wire.Number(64 * 1024)));
        Assert.Equal(2, sent.Count(frame => frame == "Data 1"));
        Assert.Equal(2, sent.Count(frame => frame == "Data 3"));
    }

    [Fact]
    public void Reader_WhoStops_GivesNoCredit_AndItsWindowHolds()
    {
        using ProbeConnection connection = ProbeConnection.Begin();
        connection.Say(Post(1));
        ProbeStream stream = connection.Requests[0];
        stream.Reads = false;
        byte[] part = Wire.Frame(FrameType.Data, 0, 1, new byte[16 * 1024]);
        for (int i = 0; i < Http2Limits.StreamWindow / (16 * 1024); i++)
        {
            Assert.Empty(connection.Say(part));
        }

        Assert.Equal(0, stream.Received);
        stream.Reads = true;
        stream.Read();
        Assert.Equal(Http2Limits.StreamWindow, stream.Received);
        Assert.Equal(["WindowUpdate 1", "WindowUpdate 1"], Wire.Read(connection.Memory.TakeSent()));

        stream.Reads = false;
        connection.Say([.. Enumerable.Repeat(part, 16).SelectMany(bytes => bytes)]);
        Assert.Equal(["Reset 1 FlowControlError"], connection.Say(part));
        Assert.NotNull(stream.Lost);
    }

    [Theory]
    [InlineData(5, 3, true)]
    [InlineData(5, 6, false)]
    public void Body_ThatIsNotAsLongAsItSays_IsReset(int says, int sends, bool isShort)
    {
        using ProbeConnection connection = ProbeConnection.Begin();
        byte[] head = Wire.Frame(FrameType.Headers, Whole, 1, Wire.Block((":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/"), ("content-length", $"{says}")));
        Assert.Equal(["Reset 1 ProtocolError"], connection.Say([.. head, .. Wire.Frame(FrameType.Data, Last, 1, new byte[sends])]));
        ProbeStream stream = connection.Requests[0];
        Assert.NotNull(stream.Lost);
        Assert.Equal(isShort ? sends : 0, stream.Received);
        Assert.False(stream.IsRequestEnded);
    }

    [Fact]
    public void Drain_SaysGoAwayTwice_AndAnswersWhatWasOnItsWay()
    {
        using ProbeConnection connection = ProbeConnection.Begin();
        connection.Say(Wire.Get(1));
        connection.Drain();
        Assert.Equal(["GoAway NoError", "Ping 0"], Wire.Read(connection.Memory.TakeSent()));
        connection.Say(Wire.Get(3));
        Assert.Equal(2, connection.Requests.Count);
        Assert.Equal(["GoAway NoError"], connection.Say(Wire.Frame(FrameType.Ping, FrameFlags.Ack, 0, 0x61, 0x6d, 0x62, 0x69, 0x65, 0x6e, 0x74, 0x21)));
        connection.Requests.ForEach(static request => request.SendEnd(null));
        Assert.True(connection.Memory.IsFinished);
    }

    [Fact]
    public void Drain_DoesNotWaitForAPingThatNobodyAnswers()
    {
        ManualTime time = new();
        using ProbeConnection connection = ProbeConnection.Begin(time);
        connection.Say(Wire.Get(1));
        connection.Drain();
        connection.Requests[0].SendEnd(null);
        Assert.False(connection.Memory.IsFinished);
        time.Advance(TimeSpan.FromSeconds(6));
        connection.Turn();
        Assert.True(connection.Memory.IsFinished);
    }

    [Fact]
    public void LastAnswer_IsNotCutOff_WhileItIsRead()
    {
        ManualTime time = new();
        using ProbeConnection connection = ProbeConnection.Begin(time);
        connection.Say(Wire.Get(1));
        connection.Memory.Holds = true;
        connection.Requests[0].SendData(new byte[50_000]);
        connection.Drain();
        connection.Requests[0].SendEnd(null);
        connection.Say(Wire.Frame(FrameType.Ping, FrameFlags.Ack, 0, 0x61, 0x6d, 0x62, 0x69, 0x65, 0x6e, 0x74, 0x21));
        for (int i = 0; i < 5; i++)
        {
            connection.Memory.Drop(1000);
            time.Advance(TimeSpan.FromSeconds(11));
            connection.Turn();
            Assert.False(connection.IsGone);
        }

        time.Advance(TimeSpan.FromSeconds(11));
        connection.Turn();
        Assert.True(connection.IsGone);
    }

    [Theory]
    [InlineData("loss")]
    [InlineData("end")]
    [InlineData("violation")]
    public void DefectOfOneStream_KeepsNoOther_FromHearingOfTheEnd(string how)
    {
        using ProbeConnection connection = ProbeConnection.Begin();
        connection.Say([.. Post(1), .. Post(3)]);
        connection.Requests[0].IsBrokenWhenLost = true;
        switch (how)
        {
            case "loss":
                connection.Memory.Abort("gone");
                break;
            case "end":
                connection.OnInputEnded();
                break;
            default:
                connection.Say(Wire.Frame(FrameType.PushPromise, Whole, 1, new byte[8]));
                break;
        }

        Assert.NotNull(connection.Requests[1].Lost);
        Assert.Equal((0, how == "loss"), (connection.ActiveStreams, connection.IsGone));

        // It is told the loop.
        connection.Turn();
        Assert.Equal(1, connection.Loop.Faults);
    }

    public static TheoryData<string, byte[], string> Violations() => new()
    {
        { "settings with a stream", Wire.Frame(FrameType.Settings, 0, 1), "GoAway ProtocolError" },
        { "settings of a wrong size", Wire.Frame(FrameType.Settings, 0, 0, 1), "GoAway FrameSizeError" },
        { "an initial window beyond 2^31-1", Wire.Frame(FrameType.Settings, 0, 0, [0, 4, .. Wire.Number(0x80000000)]), "GoAway FlowControlError" },
        { "a frame size below 16384", Wire.Frame(FrameType.Settings, 0, 0, [0, 5, .. Wire.Number(100)]), "GoAway ProtocolError" },
        { "a ping of seven bytes", Wire.Frame(FrameType.Ping, 0, 0, new byte[7]), "GoAway FrameSizeError" },
        { "an even stream", Wire.Get(2), "GoAway ProtocolError" },
        { "data on an idle stream", Wire.Frame(FrameType.Data, 0, 1, 1), "GoAway ProtocolError" },
        { "a reset of an idle stream", Wire.Frame(FrameType.RstStream, 0, 1, new byte[4]), "GoAway ProtocolError" },
        { "a window update by nothing", Wire.Frame(FrameType.WindowUpdate, 0, 0, new byte[4]), "GoAway ProtocolError" },
        { "a window beyond 2^31-1", Wire.Frame(FrameType.WindowUpdate, 0, 0, Wire.Number(0x7fffffff)), "GoAway FlowControlError" },
        { "a push promise", Wire.Frame(FrameType.PushPromise, Whole, 1, new byte[8]), "GoAway ProtocolError" },
        { "a continuation of nothing", Wire.Frame(FrameType.Continuation, Whole, 1), "GoAway ProtocolError" },
        { "an interrupted header block", [.. Wire.Frame(FrameType.Headers, 0, 1), .. Wire.Frame(FrameType.Ping, 0, 0, new byte[8])], "GoAway ProtocolError" },
        { "a block that cannot be decoded", Wire.Frame(FrameType.Headers, Whole, 1, 0xff, 0xff, 0xff, 0xff, 0xff), "GoAway CompressionError" },
        { "a frame that is too large", Wire.Frame(FrameType.Data, 0, 1, new byte[16 * 1024 + 1]), "GoAway FrameSizeError" },
        { "a request that comes late", [.. Wire.Get(3), .. Wire.Get(1)], "GoAway ProtocolError" },
        { "padding longer than its frame", [.. Post(1), .. Wire.Frame(FrameType.Data, FrameFlags.Padded, 1, 9, 0)], "GoAway ProtocolError" },
    };

    [Theory]
    [MemberData(nameof(Violations))]
    public void Violation_EndsTheConnection_AndSaysWhy(string what, byte[] bytes, string answer)
    {
        using ProbeConnection connection = ProbeConnection.Begin();
        Assert.True(connection.Say(bytes).Contains(answer), what);
        Assert.True(connection.Memory.IsFinished, what);
        Assert.All(connection.Requests, static request => Assert.NotNull(request.Lost));

        // Deaf from here on.
        Assert.Empty(connection.Say(Wire.Get(9)));
    }

    private static byte[] Post(int stream) =>
        Wire.Frame(FrameType.Headers, Whole, stream, Wire.Block((":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/")));
}
