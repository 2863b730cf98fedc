using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Telemetry.Http;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;

namespace Ambient.Telemetry.Tests.Http;

public sealed class HttpServerTests : IAsyncLifetime
{
    private readonly LogHub _logs = LogHub.Discarding();
    private readonly EchoHandler _echo = new();
    private HttpServer _server = null!;

    private int Port => _server.LocalAddresses[0].Port;

    public Task InitializeAsync()
    {
        _server = HttpServer.Start(new HttpServerOptions("test", [new(IPAddress.Loopback, 0)]), _echo, _logs.For("x"));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _logs.Dispose();
    }

    [Fact]
    public async Task KeptConnection_ServesSeveralRequests_AlsoWithBodies()
    {
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        string answers = await ExchangeAsync(client, "GET /a HTTP/1.1\r\nhost: x\r\n\r\nPOST /b?x=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /c HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        Assert.Equal(3, answers.Split("HTTP/1.1 200 OK\r\n").Length - 1);
        Assert.Equal(["GET /a ", "POST /b x=1", "GET /c "], _echo.Seen);
        Assert.EndsWith("connection: close\r\n\r\nGET /c \n", answers, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("garbage\r\n\r\n")]
    [InlineData("\x16\x03\x01\x02")]
    [InlineData("GET / HTTP/2.0\r\nhost: x\r\n\r\n")]
    [InlineData("GET /\r\n\r\n")]
    [InlineData("GET http://x/ HTTP/1.1\r\nhost: x\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nhost : x\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5, 6\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n")]
    public async Task Garbage_Gets400(string request)
    {
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", await ExchangeAsync(client, request), StringComparison.Ordinal);
        Assert.Empty(_echo.Seen);
    }

    [Fact]
    public async Task OverlongHead_Gets400()
    {
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        string answer = await ExchangeAsync(client, $"GET / HTTP/1.1\r\nhost: x\r\nlong: {new string('x', 9000)}");
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_AnyBytes_NeverThrows()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        byte[] valid = Encoding.ASCII.GetBytes("GET /metrics?x=%41 HTTP/1.1\r\nhost: x\r\naccept: a, b\r\ncontent-length: 3\r\n\r\n");
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = [.. valid];
            for (int j = random.Next(8); j >= 0; j--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            HttpHead? head = HttpHead.Parse(bytes.AsSpan(0, random.Next(bytes.Length + 1)));
            Assert.True(head is null || head.BodyLength is >= 0 and < 1_000_000_000, $"seed {seed}");
            _ = head?.Request.Parameter("x");
        }
    }

    [Fact]
    public async Task HandlerFailure_Is500WithText()
    {
        using HttpClient client = new();
        using HttpResponseMessage answer = await client.GetAsync(new Uri($"http://127.0.0.1:{Port}/throw"));
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Equal("broken inside\n", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task SilentClient_IsClosedAfterTheHeaderTimeout()
    {
        HttpServerOptions options = new("short", [new(IPAddress.Loopback, 0)]) { HeaderTimeout = TimeSpan.FromMilliseconds(50) };
        await using HttpServer server = HttpServer.Start(options, _echo, _logs.For("x"));
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, server.LocalAddresses[0].Port);
        Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task Drain_FinishesTheRunningRequestAndRefusesNewConnections()
    {
        HttpServer server = HttpServer.Start(new HttpServerOptions("drain", [new(IPAddress.Loopback, 0)]), _echo, _logs.For("x"));
        int port = server.LocalAddresses[0].Port;
        using TcpClient idle = new();
        await idle.ConnectAsync(IPAddress.Loopback, port);
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, port);
        Task<string> answer = ExchangeAsync(client, "GET /wait HTTP/1.1\r\nhost: x\r\n\r\n");
        await _echo.Waiting.Task.WaitAsync(TimeSpan.FromSeconds(10));
        Task drained = server.DrainAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, await idle.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(10)));
        using TcpClient late = new();
        await Assert.ThrowsAnyAsync<SocketException>(() => late.ConnectAsync(IPAddress.Loopback, port));
        Assert.False(drained.IsCompleted);
        _echo.Go.SetResult();
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await answer, StringComparison.Ordinal);
        await drained.WaitAsync(TimeSpan.FromSeconds(10));
        await server.DisposeAsync();
    }

    [Fact]
    public void Start_OnATakenPort_NamesServerAndAddress()
    {
        IOException failure = Assert.Throws<IOException>(() => HttpServer.Start(new HttpServerOptions("admin", [new(IPAddress.Loopback, Port)]), _echo, _logs.For("x")));
        Assert.Contains("admin", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"127.0.0.1:{Port}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_AfterAServerThatClosedItsConnections_BindsTheSamePort()
    {
        HttpServer first = HttpServer.Start(new HttpServerOptions("first", [new(IPAddress.Loopback, 0)]), _echo, _logs.For("x"));
        IPEndPoint address = first.LocalAddresses[0];
        using TcpClient client = new();
        await client.ConnectAsync(address);
        await ExchangeAsync(client, "GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        await first.DisposeAsync();
        await using HttpServer second = HttpServer.Start(new HttpServerOptions("second", [address]), _echo, _logs.For("x"));
        Assert.Equal(address, second.LocalAddresses[0]);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    [Trait("behaviour", "ZT-262")]
    public async Task Metrics_Compressed_AreTheSameText(string coding)
    {
        MetricRegistry registry = new();
        registry.AddCounter("a", "A.", "l").With("x").Add(3);
        await using HttpServer server = HttpServer.Start(new HttpServerOptions("metrics", [new(IPAddress.Loopback, 0)]), new MetricsHandler(registry), _logs.For("x"));
        Uri uri = new($"http://127.0.0.1:{server.LocalAddresses[0].Port}/metrics");
        using HttpClient client = new();
        byte[] plain = await client.GetByteArrayAsync(uri);
        using HttpRequestMessage request = new(HttpMethod.Get, uri);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", $"zstd, {coding}");
        using HttpResponseMessage answer = await client.SendAsync(request);
        Assert.Equal([coding], answer.Content.Headers.ContentEncoding);
        await using Stream body = await answer.Content.ReadAsStreamAsync();
        await using Stream decompressed = coding switch
        {
            "gzip" => new GZipStream(body, CompressionMode.Decompress),
            "br" => new BrotliStream(body, CompressionMode.Decompress),
            _ => new ZLibStream(body, CompressionMode.Decompress),
        };
        using MemoryStream text = new();
        await decompressed.CopyToAsync(text);
        Assert.Equal(Encoding.UTF8.GetString(plain), Encoding.UTF8.GetString(text.ToArray()));
        Assert.Contains("a_total{l=\"x\"} 3\n", Encoding.UTF8.GetString(plain), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "text/plain; charset=utf-8")]
    [InlineData("application/json", "text/plain; charset=utf-8")]
    [InlineData("text/plain, application/openmetrics-text; version=0.0.1;q=0.5", "application/openmetrics-text;charset=utf-8;version=1.0.0")]
    [Trait("behaviour", "ZT-259")]
    public void Metrics_ContentType_FollowsAccept(string accept, string expected) => Assert.Equal(expected, MetricsHandler.ContentType(accept));

    [Theory]
    [InlineData("", null)]
    [InlineData("zstd", null)]
    [InlineData("gzip;q=0", null)]
    [InlineData("gzip, br", "gzip")]
    [InlineData("gzip;q=0.5, br", "br")]
    [InlineData("*", "gzip")]
    [InlineData("gzip;q=nonsense, deflate", "deflate")]
    public void Compression_IsChosenByWeight(string accept, string? expected) => Assert.Equal(expected, HttpCompression.Choose(accept));

    private static async Task<string> ExchangeAsync(TcpClient client, string request)
    {
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        using StreamReader reader = new(stream, Encoding.Latin1);
        return await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(10));
    }

    private sealed class EchoHandler : IHttpHandler
    {
        public List<string> Seen { get; } = [];

        public TaskCompletionSource Waiting { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async ValueTask<HttpAnswer> HandleAsync(HttpRequest request, CancellationToken cancellationToken)
        {
            if (request.Path == "/throw")
            {
                throw new InvalidOperationException("broken inside");
            }

            if (request.Path == "/wait")
            {
                Waiting.SetResult();
                await Go.Task.WaitAsync(cancellationToken);
            }

            string seen = $"{request.Method} {request.Path} {request.Query}";
            Seen.Add(seen);
            return HttpAnswer.Text(200, seen + "\n");
        }
    }
}
