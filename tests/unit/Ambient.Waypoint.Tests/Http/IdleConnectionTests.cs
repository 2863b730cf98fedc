using Ambient.Protocol.L7;
using Ambient.Testing.Clocks;
using Ambient.Waypoint.Tests.Forwarding;

namespace Ambient.Waypoint.Tests.Http;

/// <summary>Connections to endpoints that nobody uses: how long they stay.</summary>
public sealed class IdleConnectionTests
{
    private const string Request = "GET / HTTP/1.1\r\nHost: cart\r\n\r\n";
    private const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private readonly ManualTime _time = new();

    [Theory]
    [InlineData(1000u)]
    [InlineData(10u)]
    [InlineData(0u)]
    public void IdleConnection_EndsInItsTime_AndNotBefore(uint idle)
    {
        using LocalWaypoint waypoint = Make(idle);
        int milliseconds = idle > 0 ? (int)idle : 60_000;
        HeldPipe endpoint = Ask(waypoint, waypoint.Connect());
        Pass(waypoint, milliseconds - 2);
        Assert.False(endpoint.IsClosed);
        Pass(waypoint, 12);
        Assert.True(endpoint.IsClosed);
        Assert.Equal(0, waypoint.Destination.Connections);
    }

    [Fact]
    public void EachConnection_HasATimeOfItsOwn_ThatBeginsAnewWithEachRequest()
    {
        using LocalWaypoint waypoint = Make(1000);
        HeldPipe client = waypoint.Connect(), first = waypoint.Expect(), second = waypoint.Expect();
        HeldPipe other = waypoint.Connect();
        client.Receive(Request);
        other.Receive(Request);
        _ = (first.Sent, second.Sent);
        first.Receive(Answer);
        Pass(waypoint, 600);
        second.Receive(Answer);

        // The one used last is used next: the first has been idle ever since.
        Pass(waypoint, 300);
        client.Receive(Request);
        _ = second.Sent;
        second.Receive(Answer);
        Pass(waypoint, 112);
        Assert.Equal((true, false), (first.IsClosed, second.IsClosed));
        Pass(waypoint, 870);
        Assert.False(second.IsClosed);
        Pass(waypoint, 30);
        Assert.True(second.IsClosed);
    }

    [Fact]
    public void ConnectionThatIsUsed_IsNotEnded_HoweverLong()
    {
        using LocalWaypoint waypoint = Make(1000);
        HeldPipe client = waypoint.Connect(), endpoint = waypoint.Expect();
        client.Receive(Request);
        _ = endpoint.Sent;
        Pass(waypoint, 5000);
        Assert.False(endpoint.IsClosed);
        endpoint.Receive(Answer);
        Pass(waypoint, 1012);
        Assert.True(endpoint.IsClosed);
    }

    [Fact]
    public void ShorterTime_CountsForConnectionsThatAreIdleAlready()
    {
        using LocalWaypoint waypoint = Make(0);
        HeldPipe client = waypoint.Connect(), first = waypoint.Expect(), second = waypoint.Expect();
        HeldPipe other = waypoint.Connect();
        client.Receive(Request);
        other.Receive(Request);
        _ = (first.Sent, second.Sent);
        first.Receive(Answer);
        second.Receive(Answer);
        waypoint.Configure(policy: Policy(1000, isHttp2: false));
        Pass(waypoint, 500);
        client.Receive(Request);
        _ = second.Sent;
        Pass(waypoint, 512);
        Assert.Equal((true, false), (first.IsClosed, second.IsClosed));
    }

    [Theory]
    [InlineData(1000u)]
    [InlineData(0u)]
    public void IdleConnectionOfHttp2_EndsInItsTime_AndNotBefore(uint idle)
    {
        using LocalWaypoint waypoint = Make(idle, isHttp2: true);
        int milliseconds = idle > 0 ? (int)idle : 60_000;
        HeldPipe client = waypoint.Connect();
        HeldPipe pipe = waypoint.Expect();
        Http2Talk endpoint = new(pipe);
        client.Receive(Request);
        endpoint.Say(0, 0, 0, 4, 0, 0, 0, 0, 0);
        Assert.NotEmpty(endpoint.Heard());
        endpoint.Head(1, isEnd: true, (":status", "204"));
        Assert.StartsWith("HTTP/1.1 204", client.Sent, StringComparison.Ordinal);
        Pass(waypoint, milliseconds - 2);
        Assert.False(pipe.IsFinished);
        Pass(waypoint, 12);
        Assert.True(pipe.IsFinished);
    }

    private LocalWaypoint Make(uint idle, bool isHttp2 = false) => new(policy: Policy(idle, isHttp2), time: _time);

    private static TrafficPolicy Policy(uint idle, bool isHttp2) => new() { Pool = new ConnectionPool { HttpIdleMs = idle, UpgradeToHttp2 = isHttp2 } };

    /// <summary>Has one request answered.</summary>
    private static HeldPipe Ask(LocalWaypoint waypoint, HeldPipe client)
    {
        HeldPipe endpoint = waypoint.Expect();
        client.Receive(Request);
        Assert.StartsWith("GET / ", endpoint.Sent, StringComparison.Ordinal);
        endpoint.Receive(Answer);
        Assert.EndsWith("ok", client.Sent, StringComparison.Ordinal);
        return endpoint;
    }

    private void Pass(LocalWaypoint waypoint, int milliseconds)
    {
        // The wheel looks at each of its ticks, so time passes in steps.
        for (int passed = 0; passed < milliseconds; passed += 1000)
        {
            _time.Advance(TimeSpan.FromMilliseconds(Math.Min(1000, milliseconds - passed)));
            waypoint.Turn();
            waypoint.Turn();
        }
    }
}
