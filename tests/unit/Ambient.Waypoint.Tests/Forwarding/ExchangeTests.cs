using System.Text;
using Ambient.Mesh.Addresses;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Http;

namespace Ambient.Waypoint.Tests.Forwarding;

/// <summary>What one request takes, gives back and leaves behind when something goes wrong.</summary>
public sealed class ExchangeTests
{
    private const string Good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Fact]
    public void Slot_ThatWasNeverTaken_IsNotGivenBack()
    {
        using LocalWaypoint waypoint = new(policy: new TrafficPolicy { Tls = new UpstreamTls { Broken = "no certificate" } });
        Assert.StartsWith("HTTP/1.1 503 ", Ask(waypoint, "GET / HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
        Assert.Equal(0, waypoint.Destination.Active);
    }

    [Fact]
    public void ConnectionThatIsGoneAtTheFirstWrite_CostsThatTryAlone()
    {
        using LocalWaypoint waypoint = new(action => action.Retry = Retries(1));
        HeldPipe first = waypoint.Expect();
        HeldPipe second = waypoint.Expect();
        first.BreaksOnSend = true;
        HeldPipe client = waypoint.Connect();

        // So long a head goes out at once.
        client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n" + Long() + "\r\n");
        waypoint.RunUntil(() => second.Sent.Length > 0);
        Assert.Single(Ends(second.Sent));
        second.Receive(Good);
        Assert.EndsWith("\r\n\r\nok", client.Sent, StringComparison.Ordinal);
        Assert.Equal((0, 0), (waypoint.Destination.Active, waypoint.Endpoint.State.Active));
    }

    [Fact]
    public void Tries_AreUsedAgain()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe first = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        for (int i = 0; i < 3; i++)
        {
            client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
            _ = first.Sent;
            first.Receive(Good);
            Assert.Single(waypoint.Loop.SpareAttempts);
        }
    }

    [Fact]
    public void KeptConnectionThatIsGoneAtTheFirstWrite_IsReplaced_AndTheRequestIsSentOnce()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe first = waypoint.Expect();
        HeldPipe second = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive("PUT / HTTP/1.1\r\nHost: cart\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith("PUT / ", first.Sent, StringComparison.Ordinal);
        first.Receive(Good);
        first.BreaksOnSend = true;
        client.Receive("PUT /two HTTP/1.1\r\nHost: cart\r\nTransfer-Encoding: chunked\r\n" + Long() + "\r\n3\r\nabc\r\n0\r\n\r\n");
        waypoint.RunUntil(() => second.Sent.EndsWith("0\r\n\r\n", StringComparison.Ordinal));
        Assert.EndsWith("\r\n\r\n3\r\nabc\r\n0\r\n\r\n", second.Sent, StringComparison.Ordinal);
        Assert.Equal(2, Ends(second.Sent).Count());
        second.Receive(Good);
        Assert.EndsWith("\r\n\r\nok", client.Sent, StringComparison.Ordinal);
        Assert.Equal((0, 0), (waypoint.Destination.Active, waypoint.Endpoint.State.Active));
    }

    [Fact]
    public void KeptConnectionThatIsGoneWhileABodyIsSentAgain_EndsTheRequestOnce()
    {
        using LocalWaypoint waypoint = new(action => action.Retry = Retries(2));
        HeldPipe first = waypoint.Expect();
        HeldPipe kept = waypoint.Expect();
        HeldPipe third = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive("PUT / HTTP/1.1\r\nHost: cart\r\nTransfer-Encoding: chunked\r\n" + Long() + "\r\n4e20\r\n" + new string('a', 20_000) + "\r\n0\r\n\r\n");
        HeldPipe other = waypoint.Connect();
        other.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        _ = kept.Sent;
        kept.Receive(Good);
        kept.BreaksOnSend = true;

        // Head and body together go out at once, and only then it shows that nobody is there.
        first.Break();
        waypoint.RunUntil(() => kept.IsClosed && third.Sent.EndsWith("0\r\n\r\n", StringComparison.Ordinal));
        Assert.Equal(2, Ends(third.Sent).Count());

        // The third try began inside of the second, and is another.
        Assert.Single(waypoint.Loop.SpareAttempts);
        third.Receive(Good);
        Assert.Equal(2, waypoint.Loop.SpareAttempts.Distinct().Count());
        Assert.Equal(2, waypoint.Loop.SpareAttempts.Count);
        Assert.EndsWith("\r\n\r\nok", client.Sent, StringComparison.Ordinal);
        Assert.Equal((0, 0), (waypoint.Destination.Active, waypoint.Endpoint.State.Active));
    }

    [Fact]
    public void BytesBehindAnAnswer_AreNotTheNextRequestsAnswer_AlsoWhenThatWaits()
    {
        using LocalWaypoint waypoint = new(policy: new TrafficPolicy { Pool = new ConnectionPool { MaxConnections = 1 } });
        HeldPipe first = waypoint.Expect();
        HeldPipe second = waypoint.Expect();
        HeldPipe one = waypoint.Connect();
        HeldPipe two = waypoint.Connect();
        one.Receive("GET /one HTTP/1.1\r\nHost: cart\r\n\r\n");
        two.Receive("GET /two HTTP/1.1\r\nHost: cart\r\n\r\n");
        Assert.StartsWith("GET /one ", first.Sent, StringComparison.Ordinal);
        Assert.Equal(1, waypoint.Destination.Waiting);
        first.Receive(Good + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged");
        Assert.EndsWith("\r\n\r\nok", one.Sent, StringComparison.Ordinal);
        Assert.True(first.IsAborted);
        Assert.StartsWith("GET /two ", second.Sent, StringComparison.Ordinal);
        second.Receive(Good);
        Assert.EndsWith("\r\n\r\nok", two.Sent, StringComparison.Ordinal);
    }

    [Fact]
    public void Retries_CountUntilTheirOutcome()
    {
        using LocalWaypoint waypoint = new(action => action.Retry = Retries(2), new TrafficPolicy { Pool = new ConnectionPool { MaxRetries = 1 } });
        HeldPipe first = waypoint.Expect();
        HeldPipe second = waypoint.Expect();
        HeldPipe third = waypoint.Expect();
        HeldPipe one = waypoint.Connect();
        one.Receive("GET /one HTTP/1.1\r\nHost: cart\r\n\r\n");
        _ = first.Sent;
        first.Break();
        waypoint.RunUntil(() => second.Sent.Length > 0);

        // While the first is tried again, no other may be.
        HeldPipe two = waypoint.Connect();
        two.Receive("GET /two HTTP/1.1\r\nHost: cart\r\n\r\n");
        _ = third.Sent;
        third.Break();
        Assert.StartsWith("HTTP/1.1 503 ", two.Sent, StringComparison.Ordinal);
        second.Receive(Good);
        Assert.EndsWith("\r\n\r\nok", one.Sent, StringComparison.Ordinal);
        Assert.True(waypoint.Destination.TryBeginRetry(new TrafficPolicy { Pool = new ConnectionPool { MaxRetries = 1 } }));
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart", 0)]
    public void EndpointsThatHang_AreEjected_ThoseThatHaveBegunToAnswerAreNot(string answer, int ejected)
    {
        OutlierDetection outliers = new() { Consecutive5Xx = 1, BaseEjectionMs = 60_000, IntervalMs = 10_000, MaxEjectionPercent = 100 };
        using LocalWaypoint waypoint = new(action => action.TimeoutMs = 5, new TrafficPolicy { Outliers = outliers });
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        _ = endpoint.Sent;
        endpoint.Receive(answer);
        waypoint.RunUntil(() => waypoint.Destination.Active == 0);
        Assert.Equal(ejected == 1, waypoint.Endpoint.State.IsEjected(waypoint.Loop.Loop.NowMilliseconds));
    }

    [Fact]
    public void NewRequests_MeetTheNewestConfiguration_AlsoOnOldConnections()
    {
        using LocalWaypoint waypoint = new(action => action.Response = new DirectResponse { Status = 200 });
        HeldPipe client = waypoint.Connect();
        client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        waypoint.Configure(action => action.Response = new DirectResponse { Status = 418 });
        client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", client.Sent, StringComparison.Ordinal);
        Assert.Contains("\r\n\r\nHTTP/1.1 418 ", client.Sent, StringComparison.Ordinal);
    }

    [Fact]
    public void KeptBodies_AreBoundedTogether_AndGivenBack()
    {
        using LocalWaypoint waypoint = new(action => action.Retry = Retries(3));
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive("PUT / HTTP/1.1\r\nHost: cart\r\nContent-Length: 5000\r\n\r\n" + new string('a', 4000));
        Assert.InRange(waypoint.Loop.Kept.Taken, 4000, 16_000);
        client.Receive(new string('a', 1000));
        _ = endpoint.Sent;
        endpoint.Receive(Good);
        Assert.Equal(0, waypoint.Loop.Kept.Taken);

        // Without room the request is sent all the same, but once.
        Assert.True(waypoint.Loop.Kept.TryTake(ByteBudget.PerLoop - 100));
        client.Receive("PUT / HTTP/1.1\r\nHost: cart\r\nContent-Length: 500\r\n\r\n" + new string('b', 500));
        Assert.EndsWith(new string('b', 500), endpoint.Sent, StringComparison.Ordinal);
        Assert.Equal(ByteBudget.PerLoop - 100, waypoint.Loop.Kept.Taken);
        endpoint.Break();
        Assert.Contains("HTTP/1.1 503 ", client.Sent, StringComparison.Ordinal);
        Assert.Equal(0, waypoint.Destination.Active);
    }

    [Theory]
    [InlineData(1024 * 1024, true)]
    [InlineData((1024 * 1024) + 1, false)]
    public void Bodies_AreSentAgain_UpToALimit(int length, bool isSentAgain)
    {
        using LocalWaypoint waypoint = new(action => action.Retry = Retries(1));
        HeldPipe first = waypoint.Expect();
        HeldPipe second = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive($"PUT / HTTP/1.1\r\nHost: cart\r\nContent-Length: {length}\r\n\r\n");
        for (int sent = 0; sent < length;)
        {
            int part = Math.Min(length - sent, 50_000);
            client.Receive(new string('a', part));
            sent += part;
            _ = first.Sent;
        }

        Assert.EndsWith("aaa", first.Sent, StringComparison.Ordinal);
        Assert.InRange(waypoint.Loop.Kept.Taken, isSentAgain ? length : 0, isSentAgain ? length * 3 / 2 : 0);
        first.Break();
        if (!isSentAgain)
        {
            Assert.StartsWith("HTTP/1.1 503 ", client.Sent, StringComparison.Ordinal);
            return;
        }

        waypoint.RunUntil(() => second.Sent.Length > length);
        Assert.EndsWith(new string('a', length), second.Sent, StringComparison.Ordinal);
        second.Receive(Good);
        Assert.EndsWith("\r\n\r\nok", client.Sent, StringComparison.Ordinal);
        Assert.Equal(0, waypoint.Loop.Kept.Taken);
    }

    [Theory]
    [InlineData("5xx", "x-envoy-ratelimited: true", false)]
    [InlineData("5xx", "x-envoy-overloaded: true", false)]
    [InlineData("envoy-ratelimited", "x-envoy-ratelimited: true", true)]
    [InlineData("envoy-ratelimited", "x: y", false)]
    [InlineData("5xx", "x: y", true)]
    public void AnswersOfWhoeverLimits_AreTriedAgain_OnlyWhenThatIsAskedFor(string condition, string field, bool isTriedAgain)
    {
        using LocalWaypoint waypoint = new(action => action.Retry = new RetryPolicy { Attempts = 1, BackoffMs = 1, SameHosts = true, Conditions = { condition } });
        HeldPipe first = waypoint.Expect();
        HeldPipe second = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        _ = first.Sent;
        first.Receive($"HTTP/1.1 503 Service Unavailable\r\n{field}\r\nContent-Length: 0\r\n\r\n");
        if (isTriedAgain)
        {
            waypoint.RunUntil(() => second.Sent.Length > 0);
        }

        Assert.Equal(isTriedAgain, !client.Sent.StartsWith("HTTP/1.1 503 ", StringComparison.Ordinal));
    }

    [Fact]
    public void Mirrors_HaveTheLimitsOfTheirDestination()
    {
        using LocalWaypoint waypoint = new(
            action => action.Mirrors.Add(new Mirror { Share = 1_000_000, Destination = action.Targets[0].Destination }),
            new TrafficPolicy { Pool = new ConnectionPool { MaxRequests = 2 } });
        HeldPipe copy = waypoint.Expect();
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe third = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive("GET /one HTTP/1.1\r\nHost: cart\r\n\r\n");
        Assert.Equal((2, 1), (waypoint.Destination.Active, waypoint.Loop.Mirrors));
        Assert.StartsWith("GET /one ", copy.Sent, StringComparison.Ordinal);

        // There is room for the request or its copy, not for both; and none for another.
        HeldPipe other = waypoint.Connect();
        other.Receive("GET /two HTTP/1.1\r\nHost: cart\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 503 ", other.Sent, StringComparison.Ordinal);
        Assert.Equal((2, 1), (waypoint.Destination.Active, waypoint.Loop.Mirrors));
        _ = endpoint.Sent;
        endpoint.Receive(Good);
        copy.Break();
        Assert.Equal((0, 0), (waypoint.Destination.Active, waypoint.Loop.Mirrors));
        Assert.Equal("", third.Sent);
    }

    [Fact]
    public void ConnectionsThatAreForOneClient_EndWithTheLastOfItsTunnels()
    {
        using LocalWaypoint waypoint = new(policy: new TrafficPolicy { ProxyProtocol = 1 });
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe one = waypoint.Connect();
        HeldPipe two = waypoint.Connect();
        foreach (HeldPipe client in new[] { one, two })
        {
            client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
            _ = endpoint.Sent;
            endpoint.Receive(Good);
            Assert.EndsWith("\r\n\r\nok", client.Sent, StringComparison.Ordinal);
        }

        one.Break();
        Assert.False(endpoint.IsClosed);
        two.Break();
        Assert.True(endpoint.IsClosed, "nobody can ever use it again");
        Assert.Equal(0, waypoint.Destination.Connections);
    }

    [Fact]
    [Trait("behaviour", "WP-2")]
    public void DialledWorkload_IsReachedOnThePortThatWasDialled_AndNobodyElse()
    {
        using LocalWaypoint waypoint = new(action => action.Response = new DirectResponse { Status = 418 });
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe client = waypoint.Connect(IpPort.Parse("10.0.0.1:9999"), "uid");
        client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        Assert.StartsWith("GET / HTTP/1.1\r\n", endpoint.Sent, StringComparison.Ordinal);
        endpoint.Receive(Good);
        Assert.EndsWith("\r\n\r\nok", client.Sent, StringComparison.Ordinal);
        Assert.Equal("10.0.0.1:9999", waypoint.Dialer.LastDialled);

        // Whoever has the address later is somebody else.
        HeldPipe late = waypoint.Connect(IpPort.Parse("10.0.0.1:9999"), "uid-gone");
        late.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        Assert.EndsWith("no healthy upstream", late.Sent, StringComparison.Ordinal);
    }

    [Fact]
    public void UpgradeToHttp2_IsNotPerformed_AndTheRequestIsServed()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive("GET / HTTP/1.1\r\nHost: cart\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n");
        Assert.StartsWith("GET / HTTP/1.1\r\n", endpoint.Sent, StringComparison.Ordinal);
        Assert.DoesNotContain("upgrade", endpoint.Sent, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("settings", endpoint.Sent, StringComparison.OrdinalIgnoreCase);
        endpoint.Receive(Good);
        Assert.EndsWith("\r\n\r\nok", client.Sent, StringComparison.Ordinal);
    }

    [Fact]
    public void HeadInSingleBytes_IsLookedAtOncePerLine()
    {
        HeadBuffer head = default;
        string text = "GET / HTTP/1.1\r\nHost: cart\r\nX: " + new string('x', 50_000) + "\r\n\r\n";
        int looks = Encoding.Latin1.GetBytes(text).Count(octet => head.Add([octet]));
        Assert.Equal(4, looks);
        Assert.Equal(text, Encoding.Latin1.GetString(head.Text));

        using LocalWaypoint waypoint = new(action => action.Response = new DirectResponse { Status = 200 });
        HeldPipe client = waypoint.Connect();
        foreach (char octet in text)
        {
            client.Receive(octet.ToString());
        }

        Assert.StartsWith("HTTP/1.1 200 ", client.Sent, StringComparison.Ordinal);
    }

    [Fact]
    public void LineWithoutEnd_IsRefusedWhenItIsTooLong()
    {
        using LocalWaypoint waypoint = new();
        HeldPipe client = waypoint.Connect();
        client.Receive("GET /");
        for (int i = 0; i < 70; i++)
        {
            client.Receive(new string('a', 1024));
        }

        Assert.StartsWith("HTTP/1.1 431 ", client.Sent, StringComparison.Ordinal);
    }

    private static RetryPolicy Retries(uint attempts) => new() { Attempts = attempts, BackoffMs = 1, SameHosts = true, Conditions = { "reset", "connect-failure" } };

    private static string Long() => string.Concat(Enumerable.Range(0, 70).Select(i => $"x-{i}: {new string('x', 800)}\r\n"));

    private static IEnumerable<int> Ends(string text)
    {
        for (int at = text.IndexOf("\r\n\r\n", StringComparison.Ordinal); at >= 0; at = text.IndexOf("\r\n\r\n", at + 4, StringComparison.Ordinal))
        {
            yield return at;
        }
    }

    private static string Ask(LocalWaypoint waypoint, string request)
    {
        HeldPipe client = waypoint.Connect();
        client.Receive(request);
        return client.Sent;
    }
}
