using System.Net;
using Ambient.Telemetry.Http;
using Ambient.Telemetry.Logging;

namespace Ambient.Telemetry.Tests.Http;

/// <summary>Ports that only loopback reaches are for programs, not for the pages of others that a browser shows.</summary>
public sealed class LocalCallerTests : IAsyncLifetime
{
    private readonly LogHub _logs = LogHub.Discarding();
    private HttpServer _server = null!;

    public Task InitializeAsync()
    {
        _server = HttpServer.Start(new HttpServerOptions("test", [new(IPAddress.Loopback, 0)]), new Handler(), _logs.For("x"));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _logs.Dispose();
    }

    [Theory]
    [InlineData("GET", "localhost", null, 200)]
    [InlineData("GET", "LocalHost:8001", null, 200)]
    [InlineData("GET", "127.0.0.1:15000", "http://evil.example", 200)]
    [InlineData("GET", "[::1]", null, 200)]
    [InlineData("GET", "[::1]:15000", null, 200)]
    [InlineData("GET", "evil.example", null, 403)]
    [InlineData("GET", "localhost.", null, 403)]
    [InlineData("GET", "localhost.evil.example:15000", null, 403)]
    [InlineData("GET", "127.0.0.1.evil.example", null, 403)]
    [InlineData("GET", "127.0.0.2", null, 403)]
    [InlineData("GET", "[::1].evil.example", null, 403)]
    [InlineData("POST", "evil.example", "http://evil.example", 403)]
    [InlineData("POST", "localhost:15000", "http://evil.example", 403)]
    [InlineData("POST", "localhost:15000", "http://localhost:3000", 403)]
    [InlineData("POST", "localhost:15000", "https://localhost:15000", 403)]
    [InlineData("POST", "localhost:15000", "null", 403)]
    [InlineData("POST", "localhost:15000", "http://localhost:15000", 200)]
    [InlineData("POST", "localhost:15000", null, 200)]
    public async Task PagesOfOthers_AreRefused(string method, string host, string? origin, int status)
    {
        using HttpClient client = new() { BaseAddress = new Uri($"http://{_server.LocalAddresses[0]}") };
        using HttpRequestMessage request = new(new HttpMethod(method), new Uri("/", UriKind.Relative));
        Assert.True(request.Headers.TryAddWithoutValidation("Host", host));
        if (origin is not null)
        {
            Assert.True(request.Headers.TryAddWithoutValidation("Origin", origin));
        }

        using HttpResponseMessage answer = await client.SendAsync(request);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(status == 200 ? "in\n" : "Host must be localhost, 127.0.0.1 or [::1], and Origin, if any, the same\n", await answer.Content.ReadAsStringAsync());
    }

    private sealed class Handler : IHttpHandler
    {
        public ValueTask<HttpAnswer> HandleAsync(HttpRequest request, CancellationToken cancellationToken) => ValueTask.FromResult(LocalCaller.Refusal(request) ?? HttpAnswer.Text(200, "in\n"));
    }
}
