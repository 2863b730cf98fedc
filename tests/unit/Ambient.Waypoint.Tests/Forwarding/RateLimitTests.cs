using Ambient.Protocol.L7;
using Ambient.Telemetry.Metrics;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Limits;

namespace Ambient.Waypoint.Tests.Forwarding;

/// <summary>What those are told that a limit refuses, and what takes a token and what does not.</summary>
public sealed class RateLimitTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: cart\r\n\r\n";
    private const string Good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Fact]
    public void WhoIsRefused_IsTold429_AndWhenToComeAgain()
    {
        using LocalWaypoint waypoint = new(static action => action.Response = new DirectResponse { Status = 200 });
        waypoint.Configure(static action => action.Response = new DirectResponse { Status = 200 }, limits: Limits(PerHour(2)));
        Assert.StartsWith("HTTP/1.1 200 ", Ask(waypoint), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", Ask(waypoint), StringComparison.Ordinal);
        string refused = Ask(waypoint);
        Assert.StartsWith("HTTP/1.1 429 Too Many Requests\r\n", refused, StringComparison.Ordinal);
        Assert.Contains("\r\nx-envoy-ratelimited: true\r\n", refused, StringComparison.Ordinal);
        Assert.Contains("\r\nretry-after: 1800\r\n", refused, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nlocal_rate_limited", refused, StringComparison.Ordinal);
        Assert.Contains("response_code=\"429\"", waypoint.MetricsText(), StringComparison.Ordinal);
        Assert.Contains("response_flags=\"RL\"", waypoint.MetricsText(), StringComparison.Ordinal);
        Assert.Contains("destination_service_name=\"cart\"", waypoint.MetricsText().Split('\n').First(static line => line.Contains("\"429\"", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0u, 14)]
    [InlineData(8u, 8)]
    public void Calls_AreToldSoInTrailersOnly(uint status, int expected)
    {
        using LocalWaypoint waypoint = new();
        waypoint.Configure(static action => action.Response = new DirectResponse { Status = 200 }, limits: Limits(PerHour(1), status));
        Http2Talk client = waypoint.ConnectHttp2();
        (string, string)[] call = [(":method", "POST"), (":path", "/echo.Echo/Talk"), (":scheme", "http"), (":authority", "cart"), ("content-type", "application/grpc"), ("te", "trailers")];
        client.Head(1, isEnd: true, call);
        _ = client.Heard();
        client.Head(3, isEnd: true, call);
        string told = client.Heard()[0];
        Assert.StartsWith("3 200 retry-after=3600 content-type=application/grpc grpc-status=" + expected + " grpc-message=local_rate_limited x-envoy-ratelimited=true ", told, StringComparison.Ordinal);
        Assert.EndsWith("$", told, StringComparison.Ordinal);
    }

    [Fact]
    public void WhoIsDenied_OrHasNoRoute_TakesNoToken()
    {
        using LocalWaypoint waypoint = new(editPort: static port => port.Http[0].Match = new HttpMatch { Path = new PathMatch { Exact = "/" } });
        AccessPolicy deny = new() { Namespace = "bench", Name = "deny", Action = AccessAction.Deny, Rules = { new AccessRule { To = { new AccessOperation { Methods = { "PUT" } } } } } };
        waypoint.Configure(static action => action.Response = new DirectResponse { Status = 200 }, access: [deny], limits: Limits(PerHour(1)));
        Assert.StartsWith("HTTP/1.1 403 ", Ask(waypoint, "PUT / HTTP/1.1\r\nHost: cart\r\nContent-Length: 0\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404 ", Ask(waypoint, "GET /none HTTP/1.1\r\nHost: cart\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", Ask(waypoint), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 429 ", Ask(waypoint), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 403 ", Ask(waypoint, "PUT / HTTP/1.1\r\nHost: cart\r\nContent-Length: 0\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void ATryAgain_TakesNoSecondToken()
    {
        using LocalWaypoint waypoint = new();
        waypoint.Configure(static action => action.Retry = new RetryPolicy { Attempts = 1, Conditions = { "gateway-error" }, BackoffMs = 1 }, limits: Limits(PerHour(2)));
        HeldPipe first = waypoint.Expect();
        HeldPipe second = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive(Get);
        waypoint.RunUntil(() => first.Sent.Length > 0);
        first.Receive("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
        waypoint.RunUntil(() => Count(second.Sent) == 1);
        second.Receive(Good);
        Assert.EndsWith("\r\n\r\nok", client.Sent, StringComparison.Ordinal);
        client.Receive(Get);
        waypoint.RunUntil(() => Count(second.Sent) == 2);
        second.Receive(Good);
        client.Receive(Get);
        Assert.Contains("HTTP/1.1 429 ", client.Sent, StringComparison.Ordinal);
    }

    [Fact]
    public void AFaultTakesAToken_AndComesAfterTheLimit()
    {
        using LocalWaypoint waypoint = new();
        waypoint.Configure(static action => action.Fault = new Fault { AbortStatus = 418, AbortShare = 1_000_000 }, limits: Limits(PerHour(1)));
        Assert.StartsWith("HTTP/1.1 418 ", Ask(waypoint), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 429 ", Ask(waypoint), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unavailable,5xx,retriable-4xx", false)]
    [InlineData("envoy-ratelimited", true)]
    public void AnswerThatSaysThatSomebodyLimits_IsTriedAgainOnlyWhereThatIsAskedFor(string conditions, bool isTriedAgain)
    {
        using LocalWaypoint waypoint = new(action => action.Retry = new RetryPolicy { Attempts = 1, Conditions = { conditions.Split(',') }, BackoffMs = 1 });
        HeldPipe endpoint = waypoint.Expect();
        HeldPipe second = waypoint.Expect();
        HeldPipe client = waypoint.Connect();
        client.Receive(Get);
        waypoint.RunUntil(() => endpoint.Sent.Length > 0);
        endpoint.Receive("HTTP/1.1 503 Service Unavailable\r\nx-envoy-ratelimited: true\r\nContent-Length: 0\r\n\r\n");
        waypoint.RunUntil(() => isTriedAgain ? Count(second.Sent) == 1 : client.Sent.Length > 0);
        Assert.Equal(isTriedAgain, client.Sent.Length == 0);
    }

    private static int Count(string sent) => sent.Split("\r\n\r\n").Length - 1;

    private static LimitRule PerHour(uint requests) => new() { Requests = requests, PeriodMs = 3_600_000 };

    private static LimitProgram Limits(LimitRule rule, uint grpcStatus = 0)
    {
        LimitBook book = new(new LimitMetrics(new MetricRegistry()));
        LimitPolicy policy = new() { Namespace = "bench", Name = "p", GrpcStatus = grpcStatus, Attachments = { new Attachment { All = true } }, Rules = { rule } };
        book.Apply(new ConfigurationChange { Limits = new ConfigurationPart<LimitPolicy>(new Dictionary<string, LimitPolicy> { ["p"] = policy }, []) }, ["cluster.local"], []);
        return book.For("");
    }

    private static string Ask(LocalWaypoint waypoint, string request = Get)
    {
        HeldPipe client = waypoint.Connect();
        client.Receive(request);
        return client.Sent;
    }
}
