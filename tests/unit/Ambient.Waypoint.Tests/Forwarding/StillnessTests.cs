using Ambient.Protocol.L7;
using Ambient.Testing.Clocks;

namespace Ambient.Waypoint.Tests.Forwarding;

/// <summary>Requests and answers that begin and do not go on.</summary>
public sealed class StillnessTests : IDisposable
{
    private const string Upload = "POST / HTTP/1.1\r\nHost: cart\r\nContent-Length: 100\r\n\r\nabc";

    private readonly ManualTime _time = new();
    private readonly LocalWaypoint _waypoint;
    private readonly HeldPipe _endpoint;
    private readonly HeldPipe _client;

    public StillnessTests()
    {
        _waypoint = new LocalWaypoint(time: _time);
        _endpoint = _waypoint.Expect();
        _client = _waypoint.Connect();
    }

    public void Dispose() => _waypoint.Dispose();

    [Fact]
    public void UploadThatStandsStill_IsAnswered408_AndEverythingIsGivenBack()
    {
        _client.Receive(Upload);
        Assert.EndsWith("abc", _endpoint.Sent, StringComparison.Ordinal);
        Pass(299);
        Assert.Equal("", _client.Sent);
        Pass(2);
        Assert.StartsWith("HTTP/1.1 408 Request Timeout\r\n", _client.Sent, StringComparison.Ordinal);
        Assert.EndsWith("stream timeout", _client.Sent, StringComparison.Ordinal);
        Assert.Equal((true, true), (_client.IsFinished, _endpoint.IsAborted));
        Assert.Equal((0, 0, 0), (_waypoint.Destination.Active, _waypoint.Destination.Connections, _waypoint.Endpoint.State.Active));
    }

    [Fact]
    public void RestOfARequestThatWasAnswered_IsNotWaitedForForLong()
    {
        _client.Receive(Upload);
        _ = _endpoint.Sent;
        _endpoint.Receive("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        Assert.EndsWith("ok", _client.Sent, StringComparison.Ordinal);
        Pass(29);
        _client.Receive("d");
        Assert.Equal((false, false), (_client.IsFinished, _client.IsClosed));
        Pass(2);
        Assert.True(_client.IsFinished);
        Pass(6);
        Assert.True(_client.IsClosed);
    }

    [Fact]
    public void UploadThatGoesOn_HasTime()
    {
        _client.Receive(Upload);
        for (int i = 0; i < 6; i++)
        {
            Pass(250);
            _client.Receive("d");
        }

        Assert.Equal("", _client.Sent);
        Assert.EndsWith("abcdddddd", _endpoint.Sent, StringComparison.Ordinal);
    }

    [Fact]
    public void AnswerOfAKnownLengthThatStandsStill_IsNoWholeAnswer()
    {
        _client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        _ = _endpoint.Sent;
        _endpoint.Receive("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        Pass(301);
        Assert.Equal((true, true), (_client.IsAborted, _endpoint.IsAborted));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: cart\r\n\r\n", "")]
    [InlineData("GET / HTTP/1.1\r\nHost: cart\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: cart\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n", "")]
    public void WhatMayBeSilent_HasAnHour(string request, string answer)
    {
        _client.Receive(request);
        _ = _endpoint.Sent;
        _endpoint.Receive(answer);
        Pass(3599);
        Assert.Equal((false, false), (_client.IsAborted || _client.IsFinished, _endpoint.IsAborted));
        Pass(2);
        Assert.Equal((true, true), (_client.IsAborted || _client.Sent.StartsWith("HTTP/1.1 504 ", StringComparison.Ordinal) || _client.Sent.Contains("grpc-status: ", StringComparison.Ordinal), _endpoint.IsAborted));
        Assert.Equal(0, _waypoint.Destination.Active);
    }

    [Fact]
    public void LimitThatBecomesShorter_HoldsAtOnce()
    {
        _client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        _ = _endpoint.Sent;
        Pass(1000);
        _endpoint.Receive("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        Pass(299);
        Assert.False(_client.IsAborted);
        Pass(302);
        Assert.True(_client.IsAborted);
    }

    /// <summary>With an authoriser that wants bodies a client could choose by which policies it is judged.</summary>
    [Fact]
    public void PoliciesOfNow_CountWhenTheAuthoriserHasSpoken()
    {
        WaypointSettings settings = new() { Authorizers = { new Authorizer { Name = "ext", Service = new Destination { Namespace = "bench", Hostname = "cart.bench.svc.cluster.local", Port = 80 } } } };
        AccessPolicy custom = new() { Namespace = "bench", Name = "ask", Action = AccessAction.Custom, Provider = "ext", Rules = { new AccessRule() } };
        AccessPolicy deny = new() { Namespace = "bench", Name = "deny", Action = AccessAction.Deny, Rules = { new AccessRule() } };
        _waypoint.Configure(access: [custom], settings: settings);
        HeldPipe client = _waypoint.Connect();
        client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        Assert.StartsWith("GET / ", _endpoint.Sent, StringComparison.Ordinal);
        _waypoint.Configure(access: [custom, deny], settings: settings);
        _endpoint.Receive("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 403 ", client.Sent, StringComparison.Ordinal);
        Assert.Equal(1, _waypoint.Dialer.Dialled);
    }

    /// <summary>Behind a tunnel a client that has left looks like one that still listens.</summary>
    [Fact]
    public void ClientThatHasEnded_AndIsNotAnswered_HasLeft()
    {
        _client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        Assert.StartsWith("GET / ", _endpoint.Sent, StringComparison.Ordinal);
        _client.EndInput();
        Pass(29);
        Assert.Equal((false, false), (_client.IsClosed, _endpoint.IsClosed));
        Pass(2);
        Assert.Equal((true, true, ""), (_client.IsAborted, _endpoint.IsAborted, _client.Sent));
        Assert.Equal((0, 0, 0), (_waypoint.Destination.Active, _waypoint.Destination.Connections, _waypoint.Endpoint.State.Active));
    }

    [Fact]
    public void ClientThatHasEnded_AndIsAnsweredInTime_GetsAllOfIt()
    {
        _client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        _ = _endpoint.Sent;
        _client.EndInput();
        Pass(29);
        _endpoint.Receive("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
        Pass(60);
        _endpoint.Receive("cd");
        Assert.EndsWith("\r\n\r\nabcd", _client.Sent, StringComparison.Ordinal);
        Assert.Equal((true, false), (_client.IsFinished, _client.IsAborted));
    }

    private void Pass(int seconds)
    {
        // The wheel looks at each of its ticks, so time passes in steps.
        for (int passed = 0; passed < seconds; passed += 50)
        {
            _time.Advance(TimeSpan.FromSeconds(Math.Min(50, seconds - passed)));
            _waypoint.Turn();
            _waypoint.Turn();
        }
    }
}
