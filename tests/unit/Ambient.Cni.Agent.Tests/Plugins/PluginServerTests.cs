using System.Net.Sockets;
using System.Text;
using Ambient.Cni.Agent.Plugins;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;

namespace Ambient.Cni.Agent.Tests.Plugins;

/// <summary>The plugin's socket against peers that are slow, wrong or hostile.</summary>
public sealed class PluginServerTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"ambient-plugin-{Guid.NewGuid():N}.sock");
    private readonly LogHub _log = LogHub.Discarding();
    private readonly MetricFamily _requests = new MetricRegistry().AddCounter("r", "r", "response_code");
    private readonly PluginServer _server;

    public PluginServerTests() => _server = new PluginServer(
        new PluginServerOptions(_path) { ReadLimit = TimeSpan.FromMilliseconds(300), MaxConnections = 4 },
        (method, path, body, _) => Task.FromResult(new PluginAnswer(path == "/cmdadd" ? 500 : 200, "text/plain", $"{method} {path} {Encoding.UTF8.GetString(body.Span)}")),
        _requests,
        _log.For("test"));

    public void Dispose()
    {
        _server.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _log.Dispose();
        Assert.False(File.Exists(_path));
    }

    [Fact]
    public async Task Request_WithBodyInPieces_IsAnswered()
    {
        string answer = await SendAsync("POST /cmdadd HTTP/1.1\r\nHost: unix\r\nContent-", "Length: 5\r\n\r\nhe", "llo");
        Assert.StartsWith("HTTP/1.1 500 Internal Server Error\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nPOST /cmdadd hello", answer, StringComparison.Ordinal);
        Assert.Equal(1, _requests.With("500").Value);
    }

    [Theory]
    [InlineData("GARBAGE\r\n\r\n")]
    [InlineData("POST /x HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n")]
    [InlineData("POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("POST /x HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")]
    [InlineData("POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("POST x HTTP/1.1\r\n\r\n")]
    [InlineData("POST /x HTTP/1.1\r\nno colon\r\n\r\n")]
    public async Task WrongRequest_Is400(string request) => Assert.StartsWith("HTTP/1.1 400", await SendAsync(request), StringComparison.Ordinal);

    [Fact]
    public async Task EndlessHead_Is400() => Assert.StartsWith("HTTP/1.1 400", await SendAsync("GET / HTTP/1.1\r\nX: " + new string('x', 9000)), StringComparison.Ordinal);

    [Fact]
    public async Task SilentPeers_AreGivenUp_AndOthersAreServed()
    {
        List<Socket> silent = [];
        for (int i = 0; i < 6; i++)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_path));
            silent.Add(socket);
        }

        Assert.StartsWith("HTTP/1.1 200", await SendAsync("GET /healthz HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        silent.ForEach(s => s.Dispose());
    }

    [Fact]
    public void SocketFile_IsForRootOnly() => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_path));

    [Fact]
    public void RandomHeads_NeverThrow()
    {
        const string alphabet = "GETPOST /:-\r\n0123456789 HTTP/1.1content-length";
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            PluginServer.TryReadHead(new string([.. Enumerable.Range(0, random.Next(120)).Select(_ => alphabet[random.Next(alphabet.Length)])]), out _, out _, out _);
        }
    }

    private async Task<string> SendAsync(params string[] pieces)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(_path));
        foreach (string piece in pieces)
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(piece));
        }

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var answer = new StringBuilder();
        byte[] buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, deadline.Token) is var read and > 0)
            {
                answer.Append(Encoding.UTF8.GetString(buffer, 0, read));
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset && answer.Length > 0)
        {
            // The server answered and closed before it had read everything.
        }

        return answer.ToString();
    }
}
