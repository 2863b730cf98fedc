using Ambient.Hbone.Frames;
using Ambient.Protocol.L7;
using Ambient.Testing.Clocks;
using Ambient.Waypoint.Tests.Http2;

namespace Ambient.Waypoint.Tests.Forwarding;

/// <summary>The time of a request and of its tries is that of endpoints, not that of clients that take theirs (waypoint reference 2.1.2).</summary>
public sealed class LimitTests : IDisposable
{
    private const string Upload = "POST / HTTP/1.1\r\nHost: cart\r\nContent-Length: 5\r\n\r\n";
    private const string Good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private readonly ManualTime _time = new();
    private LocalWaypoint? _waypoint;

    public void Dispose() => _waypoint?.Dispose();

    [Theory]
    [InlineData(Upload, "", "hell")]
    [InlineData("POST / HTTP/1.1\r\nHost: cart\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n", "\r\n0\r\n\r\n", "\r\n1\r\nl\r\n1\r\nl\r\n")]
    public void SlowUpload_IsNotTheEndpointsFault_AndItsTimeBeginsWithTheEnd(string head, string end, string seen)
    {
        LocalWaypoint waypoint = Serve(action => action.TimeoutMs = 1000);
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive(head);
        foreach (char part in "hell")
        {
            Pass(900);
            client.Receive(part.ToString());
        }

        Pass(1500);
        Assert.EndsWith(seen, endpoint.Sent, StringComparison.Ordinal);
        Assert.Equal(("", false), (client.Sent, IsEjected()));
        client.Receive("o" + end);
        Pass(900);
        Assert.Equal("", client.Sent);
        Pass(200);
        Assert.StartsWith("HTTP/1.1 504 ", client.Sent, StringComparison.Ordinal);
        Assert.True(IsEjected(), "this time it was the endpoint that took too long");
        Assert.Equal((0, true), (waypoint.Destination.Active, endpoint.IsAborted));
    }

    [Fact]
    public void SlowUpload_IsNotTriedAgain_UntilItIsWhole()
    {
        LocalWaypoint waypoint = Serve(action => action.Retry = new RetryPolicy { Attempts = 1, BackoffMs = 1, PerTryTimeoutMs = 1000, SameHosts = true, Conditions = { "reset" } }, ejects: false);
        HeldPipe first = waypoint.Expect();
        HeldPipe second = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive(Upload + "hel");
        Pass(3000);
        Assert.Equal((false, 1), (first.IsClosed, waypoint.Dialer.Dialled));
        client.Receive("lo");
        Pass(1100);
        Pass(100);
        Assert.True(first.IsAborted);
        Assert.EndsWith("\r\n\r\nhello", second.Sent, StringComparison.Ordinal);
        second.Receive(Good);
        Assert.EndsWith("\r\n\r\nok", client.Sent, StringComparison.Ordinal);
        Pass(2000);
        Assert.Equal((0, false), (waypoint.Destination.Active, client.IsClosed));
    }

    /// <summary>A try that fails during the upload takes nothing of the next one's time.</summary>
    [Fact]
    public void NextTry_OfAnUpload_HasItsOwnTime()
    {
        LocalWaypoint waypoint = Serve(action =>
        {
            action.TimeoutMs = 1000;
            action.Retry = new RetryPolicy { Attempts = 1, BackoffMs = 1, PerTryTimeoutMs = 1000, SameHosts = true, Conditions = { "reset" } };
        }, ejects: false);
        HeldPipe first = waypoint.Expect();
        HeldPipe second = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive(Upload + "hel");
        Pass(900);
        first.Break();
        Pass(100);
        Assert.EndsWith("hel", second.Sent, StringComparison.Ordinal);
        Pass(3000);
        Assert.Equal("", client.Sent);
        client.Receive("lo");
        Assert.EndsWith("hello", second.Sent, StringComparison.Ordinal);
        second.Receive(Good);
        Assert.EndsWith("\r\n\r\nok", client.Sent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 14)]
    [InlineData("1S", 4)]
    public void StreamOfAClient_MayLast_AndItsTimeBeginsWithTheEnd(string deadline, int status)
    {
        LocalWaypoint waypoint = Serve(action =>
        {
            action.TimeoutMs = deadline.Length > 0 ? 0ul : 1000;
            action.Targets[0].Destination.Http2 = true;
        });
        Http2Talk endpoint = new(waypoint.Expect());
        Http2Talk client = waypoint.ConnectHttp2();
        (string, string)[] call = [(":method", "POST"), (":scheme", "http"), (":authority", "cart"), (":path", "/echo.Echo/Collect"), ("content-type", "application/grpc"), ("te", "trailers")];
        client.Head(1, isEnd: false, deadline.Length > 0 ? [.. call, ("grpc-timeout", deadline)] : call);
        for (int i = 0; i < 4; i++)
        {
            Pass(900);
            client.Data(1, "message");
        }

        Pass(1500);
        Assert.Equal(4, endpoint.Heard().Count(static frame => frame == "1 message"));
        Assert.Empty(client.Heard());
        Assert.False(IsEjected());
        client.Data(1, "", isEnd: true);
        Pass(900);
        Assert.Empty(client.Heard());
        Pass(200);
        Assert.StartsWith($"1 200 content-type=application/grpc grpc-status={status} ", client.Heard()[0], StringComparison.Ordinal);
        Assert.Contains($"Reset 1 {Http2Error.Cancel}", endpoint.Heard());
        Assert.True(IsEjected());
    }

    /// <summary>Both sides talk: such a call has no end from which its time could be counted.</summary>
    [Fact]
    public void CallThatIsAnsweredWhileItLasts_HasNoLimit()
    {
        LocalWaypoint waypoint = Serve(action =>
        {
            action.TimeoutMs = 1000;
            action.Targets[0].Destination.Http2 = true;
        });
        Http2Talk endpoint = new(waypoint.Expect());
        Http2Talk client = waypoint.ConnectHttp2();
        client.Head(1, isEnd: false, (":method", "POST"), (":scheme", "http"), (":authority", "cart"), (":path", "/echo.Echo/Talk"), ("content-type", "application/grpc"));
        _ = endpoint.Heard();
        endpoint.Say(Wire.Frame(FrameType.Settings, 0, 0));
        endpoint.Head(1, isEnd: false, (":status", "200"), ("content-type", "application/grpc"));
        Pass(5000);
        endpoint.Data(1, "late", isEnd: false);
        Assert.Contains("1 late", client.Heard());
        client.Data(1, "", isEnd: true);
        Pass(1100);
        Assert.Contains(client.Heard(), static frame => frame.StartsWith("Reset 1 ", StringComparison.Ordinal));
        Assert.False(IsEjected(), "whoever has answered in part was not too slow to answer");
    }

    [Theory]
    [InlineData(Upload)]
    [InlineData("GET / HTTP/1.1\r\nHost: cart\r\n\r\n")]
    public void Connecting_IsPartOfTheTime(string request)
    {
        LocalWaypoint waypoint = Serve(action => action.TimeoutMs = 1000);
        waypoint.Expect(Dialling.Waits);
        HeldPipe client = waypoint.Connect();
        client.Receive(request);
        Pass(900);
        Assert.Equal("", client.Sent);
        Pass(200);
        Assert.StartsWith("HTTP/1.1 504 ", client.Sent, StringComparison.Ordinal);
    }

    [Fact]
    public void WhoeverWaitsForLeaveToGoOn_WaitsForTheEndpoint()
    {
        LocalWaypoint waypoint = Serve(action => action.TimeoutMs = 1000);
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        string asking = Upload.Replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n", StringComparison.Ordinal);
        client.Receive(asking);
        Assert.Contains("expect: 100-continue", endpoint.Sent, StringComparison.Ordinal);
        Pass(900);
        endpoint.Receive("HTTP/1.1 100 Continue\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 100 ", client.Sent, StringComparison.Ordinal);
        Pass(5000);
        client.Receive("hello");
        _ = endpoint.Sent;
        Pass(900);
        endpoint.Receive(Good);
        Assert.EndsWith("\r\n\r\nok", client.Sent, StringComparison.Ordinal);

        client.Receive(asking);
        _ = endpoint.Sent;
        Pass(1100);
        Assert.Contains("HTTP/1.1 504 ", client.Sent, StringComparison.Ordinal);
    }

    [Fact]
    public void WhoeverDoesNotWaitForLeave_TakesItsTime()
    {
        LocalWaypoint waypoint = Serve(action => action.TimeoutMs = 1000);
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive(Upload.Replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\nhell", StringComparison.Ordinal));
        Pass(5000);
        Assert.EndsWith("hell", endpoint.Sent, StringComparison.Ordinal);
        Assert.Equal("", client.Sent);
    }

    [Fact]
    public void UploadThatIsThereWithItsHead_LosesNoTime()
    {
        LocalWaypoint waypoint = Serve(action => action.TimeoutMs = 1000);
        HeldPipe endpoint = waypoint.Expect(Dialling.Waits);
        HeldPipe client = waypoint.Connect();
        client.Receive(Upload + "hello");
        Pass(600);
        endpoint.Owner.OnOpened();
        Assert.EndsWith("hello", endpoint.Sent, StringComparison.Ordinal);
        Pass(300);
        Assert.Equal("", client.Sent);
        Pass(200);
        Assert.StartsWith("HTTP/1.1 504 ", client.Sent, StringComparison.Ordinal);
    }

    private LocalWaypoint Serve(Action<HttpAction> edit, bool ejects = true)
    {
        OutlierDetection outliers = new() { Consecutive5Xx = 1, BaseEjectionMs = 60_000, IntervalMs = 10_000, MaxEjectionPercent = 100 };
        return _waypoint = new LocalWaypoint(edit, ejects ? new TrafficPolicy { Outliers = outliers } : null, _time);
    }

    private bool IsEjected() => _waypoint!.Endpoint.State.IsEjected(_waypoint.Loop.Loop.NowMilliseconds);

    private void Pass(int milliseconds)
    {
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        _waypoint!.Turn();
        _waypoint.Turn();
    }
}
