using Ambient.EventLoop;
using Ambient.Hbone.Frames;
using Ambient.Routing.Messages;
using Ambient.Testing.Clocks;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Http2;
using Ambient.Waypoint.Tests.Forwarding;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Tests.Http2;

/// <summary>Answers of endpoints that end in their own ways.</summary>
public sealed class Http2ClientTests : IDisposable
{
    private const byte Last = FrameFlags.EndStream;
    private const byte Whole = FrameFlags.EndHeaders;

    private readonly ManualTime _time = new();
    private readonly EventLoop.EventLoop _loop;
    private readonly MemoryPipe _pipe;
    private readonly Http2Client _client;

    public Http2ClientTests()
    {
        _loop = new EventLoop.EventLoop("probe", new EventLoopOptions { TimeProvider = _time });
        _loop.RunOnce(0);
        _client = new Http2Client(new Http2Pool(null!, null!, null!, null, _loop), _loop);
        _pipe = new MemoryPipe { Owner = _client, Loop = _loop };
        _client.Use(_pipe);
        _client.OnOpened();
        _pipe.Receive(Wire.Frame(FrameType.Settings, 0, 0));
        _pipe.TakeSent();
    }

    [Theory]
    [InlineData("HEAD", 200)]
    [InlineData("GET", 204)]
    [InlineData("GET", 304)]
    public void AnswerWithoutABody_EndsWithItsHead_WhateverTheEndpointSaysOfItsEnd(string method, int status)
    {
        (Http2ClientStream request, ProbeSink sink) = Send(method);
        _pipe.Receive(Wire.Frame(FrameType.Headers, Whole, request.Id, Wire.Block((":status", $"{status}"), ("content-length", "7"))));
        Assert.Equal(["connected", $"{status} None length={(status == 204 ? "" : "7")}", "end "], sink.Events);
        Assert.Equal([$"Reset {request.Id} Cancel"], Wire.Read(_pipe.TakeSent()));
        Assert.Equal(0, _client.ActiveStreams);
    }

    [Fact]
    public void EmptyBody_WithFieldsBehindIt_KeepsThem()
    {
        (Http2ClientStream request, ProbeSink sink) = Send("POST");
        _pipe.Receive(Wire.Frame(FrameType.Headers, Whole, request.Id, Wire.Block((":status", "200"), ("content-length", "0"))));
        _pipe.Receive(Wire.Frame(FrameType.Headers, Whole | Last, request.Id, Wire.Block(("grpc-status", "5"))));
        Assert.Equal(["connected", "200 Chunked length=", "end 5"], sink.Events);
    }

    [Theory]
    [InlineData("end")]
    [InlineData("reset")]
    [InlineData("loss")]
    public void AnswerThatIsThereWhole_StaysWhole_ForASlowReader(string how)
    {
        (Http2ClientStream request, ProbeSink sink) = Send("GET");
        sink.CanTakeResponse = false;
        _pipe.Receive([.. Wire.Frame(FrameType.Headers, Whole, request.Id, Wire.Block((":status", "200"))), .. Wire.Frame(FrameType.Data, Last, request.Id, new byte[100])]);
        switch (how)
        {
            case "end":
                _client.OnInputEnded();
                break;
            case "reset":
                _pipe.Receive(Wire.Frame(FrameType.RstStream, 0, request.Id, Wire.Number((uint)Http2Error.NoError)));
                break;
            default:
                _pipe.Abort("the endpoint is gone");
                break;
        }

        Assert.Equal(["connected", "200 Chunked length="], sink.Events);
        sink.CanTakeResponse = true;
        request.ResumeResponse();
        Assert.Equal(["data 100", "end "], sink.Events[2..]);
    }

    [Fact]
    public void AnswerThatIsNotWhole_FailsWithItsConnection()
    {
        (Http2ClientStream request, ProbeSink sink) = Send("GET");
        _pipe.Receive([.. Wire.Frame(FrameType.Headers, Whole, request.Id, Wire.Block((":status", "200"))), .. Wire.Frame(FrameType.Data, 0, request.Id, new byte[100])]);
        _client.OnInputEnded();
        Assert.Equal("failed ConnectionClosed", sink.Events[^1]);
    }

    [Fact]
    public void SilentEndpoint_IsAskedForLife_AndIsGoneWithoutIt()
    {
        (_, ProbeSink sink) = Send("GET");
        Pass(4);
        Assert.Empty(_pipe.TakeSent());
        Pass(2);
        Assert.Equal(["Ping 0"], Wire.Read(_pipe.TakeSent()));
        Assert.True(_client.CanOpen);
        Pass(6);

        // The next ones go elsewhere; this one may still be answered.
        Assert.False(_client.CanOpen);
        Assert.Equal(["connected"], sink.Events);
        Pass(16);
        Assert.Equal("failed ConnectionClosed", sink.Events[^1]);
        Assert.True(_pipe.IsClosed);
    }

    [Fact]
    public void EndpointThatLives_IsAskedOncePerRequest_HoweverLateItsAnswerIs()
    {
        (Http2ClientStream request, ProbeSink sink) = Send("GET");
        Pass(6);
        Assert.Equal(["Ping 0"], Wire.Read(_pipe.TakeSent()));
        _pipe.Receive(Wire.Frame(FrameType.Ping, FrameFlags.Ack, 0, 0x61, 0x6d, 0x62, 0x69, 0x65, 0x6e, 0x74, 0x22));
        for (int i = 0; i < 20; i++)
        {
            Pass(6);
        }

        // Servers of gRPC take PINGs without reason for an attack.
        Assert.Empty(_pipe.TakeSent());
        Send("GET");
        Pass(6);
        Assert.Equal(["Ping 0"], Wire.Read(_pipe.TakeSent()));
        _pipe.Receive(Wire.Frame(FrameType.Headers, Whole | Last, request.Id, Wire.Block((":status", "200"))));
        Assert.Equal("end ", sink.Events[^1]);
        Assert.False(_pipe.IsClosed);
    }

    [Fact]
    public void IdleConnection_IsLeftAlone()
    {
        (Http2ClientStream request, _) = Send("GET");
        _pipe.Receive(Wire.Frame(FrameType.Headers, Whole | Last, request.Id, Wire.Block((":status", "200"))));
        for (int i = 0; i < 5; i++)
        {
            Pass(6);
        }

        Assert.Empty(_pipe.TakeSent());
        Assert.False(_pipe.IsClosed);
    }

    [Fact]
    public void EndpointThatSaysWhatItAllowsInTime_IsKept()
    {
        // It said so when the test began.
        Pass(11);
        Assert.True(_client.CanOpen);
        Assert.False(_pipe.IsClosed);
    }

    /// <summary>Nobody asked for another protocol: in HTTP/1.1 there is nothing that they could get instead.</summary>
    [Fact]
    public void ConnectionThatIsLostAsItOpens_RefusesNoUpgrade_ToRequestsThatWaitForIt()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe pipe = waypoint.Expect(Dialling.Waits);
        IEndpointPool pool = waypoint.Loop.ClientsOf(new PoolOf(waypoint.Destination, waypoint.Endpoint.Key, IsHttp2: true, null));
        ProbeSink first = new() { WhenConnected = () => pipe.Break() };
        ProbeSink second = new();
        pool.Take(default)!.Begin(first);
        pool.Take(default)!.Begin(second);
        pipe.Owner.OnOpened();
        Assert.Equal(["connected", "failed ResetBeforeRequest"], first.Events);
        Assert.Equal(["failed ResetBeforeRequest"], second.Events);
    }

    public void Dispose() => _loop.Dispose();

    private void Pass(int seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        _loop.RunOnce(0);
        _loop.RunOnce(0);
    }

    private (Http2ClientStream Request, ProbeSink Sink) Send(string method)
    {
        Http2ClientStream request = new(_client);
        ProbeSink sink = new();
        request.Begin(sink);
        RequestHead head = new() { Method = method, Scheme = "http", Authority = "a" };
        head.SetTarget("/");
        request.SendHead(head, BodyFraming.None, "");
        _pipe.TakeSent();
        return (request, sink);
    }
}
