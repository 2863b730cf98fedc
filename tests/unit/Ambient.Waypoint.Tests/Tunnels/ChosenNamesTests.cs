using Ambient.Protocol.L7;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Encryption;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Tests.Forwarding;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Tests.Tunnels;

/// <summary>Server names that clients choose cost a bounded number of connections, and no endpoint its place.</summary>
public sealed class ChosenNamesTests
{
    private const string Own = "cart.bench.svc.cluster.local";
    private readonly List<string> _dropped = [];

    [Fact]
    public void TooManyNames_TheOneThatWasNotUsedForLongestGoes()
    {
        (ChosenNames names, Func<string, PoolOf> keyOf) = Names();
        for (int i = 0; i < ChosenNames.MaxNames; i++)
        {
            names.Use(keyOf($"{i}.example.com"), new Pool());
        }

        names.Use(keyOf("0.example.com"), new Pool());
        names.Use(keyOf("1.example.com"), new Pool { IsEmpty = false });
        Assert.Empty(_dropped);
        names.Use(keyOf("another.example.com"), new Pool());
        Assert.Equal(["2.example.com"], _dropped);
    }

    [Fact]
    public void Room_IsMadeByThoseThatNobodyUses()
    {
        (ChosenNames names, Func<string, PoolOf> keyOf) = Names();
        Assert.True(names.IsFirst(keyOf("mine")));
        names.Use(keyOf("busy"), new Pool { IsEmpty = false });
        names.Use(keyOf("idle"), new Pool { IsEmpty = false, IsIdle = true });
        names.Use(keyOf("later"), new Pool { IsEmpty = false, IsIdle = true });
        names.Use(keyOf("mine"), new Pool());
        Assert.False(names.IsFirst(keyOf("mine")));
        Assert.True(names.TryMakeRoom(keyOf("mine")));
        Assert.Equal(["idle"], _dropped);
        Assert.True(names.TryMakeRoom(keyOf("mine")));
        Assert.False(names.TryMakeRoom(keyOf("mine")));
        names.Forget(keyOf("busy"));
        Assert.True(names.IsFirst(keyOf("mine")));
    }

    [Fact]
    public void ManyNames_KeepTheLimitOfConnections()
    {
        using LocalWaypoint waypoint = new(policy: new TrafficPolicy { Tls = new UpstreamTls { SkipVerify = true }, Pool = new ConnectionPool { MaxConnections = 1 } });
        HeldPipe first = waypoint.Expect();
        for (int i = 0; i < 200; i++)
        {
            waypoint.Connect().Receive($"GET / HTTP/1.1\r\nHost: {i}.example.com\r\n\r\n");
        }

        Assert.Equal((1, 1, 1), (waypoint.Dialer.Dialled, waypoint.Destination.Connections, waypoint.Destination.Waiting));
        Assert.False(first.IsClosed);

        // The service's own name has a connection in any case.
        waypoint.Expect();
        waypoint.Connect().Receive($"GET / HTTP/1.1\r\nHost: {Own}\r\n\r\n");
        Assert.Equal(2, waypoint.Dialer.Dialled);
    }

    [Theory]
    [InlineData("other.example.com", "\x15\x03\x03\x00\x02\x02\x70", false)]
    [InlineData(Own, "\x15\x03\x03\x00\x02\x02\x70", true)]
    [InlineData("other.example.com", "HTTP/1.1 400 Bad Request\r\n\r\n", true)]
    public void NameThatAnEndpointDoesNotHave_IsTheClientsFault(string host, string answer, bool isEjected)
    {
        TrafficPolicy policy = new()
        {
            Tls = new UpstreamTls { SkipVerify = true },
            Outliers = new OutlierDetection { Consecutive5Xx = 5, IntervalMs = 10_000, BaseEjectionMs = 30_000, MaxEjectionPercent = 100 },
        };
        using LocalWaypoint waypoint = new(policy: policy);
        for (int i = 0; i < 5; i++)
        {
            HeldPipe endpoint = waypoint.Expect();
            HeldPipe client = waypoint.Connect();
            client.Receive($"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n");
            Assert.StartsWith("\x16\x03", endpoint.Sent, StringComparison.Ordinal);
            endpoint.Receive(answer);
            Assert.StartsWith("HTTP/1.1 503 ", client.Sent, StringComparison.Ordinal);
            Assert.Contains("TLS_error", client.Sent, StringComparison.Ordinal);
        }

        Assert.Equal(isEjected, waypoint.Endpoint.State.IsEjected(waypoint.Loop.Loop.NowMilliseconds));
    }

    [Fact]
    public void ConnectingInHttp2_HasThePolicysTime()
    {
        Ambient.Testing.Clocks.ManualTime time = new();
        using LocalWaypoint waypoint = new(action => action.Targets[0].Destination.Http2 = true, new TrafficPolicy { Pool = new ConnectionPool { ConnectTimeoutMs = 250 } }, time);
        HeldPipe endpoint = waypoint.Expect(Dialling.Waits);
        HeldPipe client = waypoint.Connect();
        client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        time.Advance(TimeSpan.FromMilliseconds(200));
        waypoint.Turn();
        Assert.Equal("", client.Sent);
        time.Advance(TimeSpan.FromMilliseconds(200));
        waypoint.Turn();
        waypoint.Turn();
        Assert.StartsWith("HTTP/1.1 503 ", client.Sent, StringComparison.Ordinal);
        Assert.Contains("connection timeout", client.Sent, StringComparison.Ordinal);
        Assert.Equal((true, 0), (endpoint.IsAborted, waypoint.Destination.Connections));
    }

    private (ChosenNames Names, Func<string, PoolOf> KeyOf) Names()
    {
        DestinationState destination = new LocalWaypoint().Destination;
        EndpointTls tls = EndpointTls.Make(new UpstreamTls { SkipVerify = true });
        EndpointKey endpoint = new(Mesh.Addresses.IpPort.Parse("10.0.0.1:8080"), null);
        PoolOf KeyOf(string name) => new(destination, endpoint, IsHttp2: false, null, tls.For(name, "svc"));
        ChosenNames? names = null;
        names = new ChosenNames(key =>
        {
            _dropped.Add(key.Tls!.ServerName);
            names!.Forget(key);
        });
        return (names, KeyOf);
    }

    private sealed class Pool : IEndpointPool
    {
        public bool IsEmpty { get; init; } = true;

        public bool IsIdle { get; init; }

        public IEndpointRequest? Take(in PoolLimits limits) => null;

        public void Sweep()
        {
        }

        public void Close()
        {
        }
    }
}
