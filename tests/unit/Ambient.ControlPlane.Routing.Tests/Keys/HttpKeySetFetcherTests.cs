using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Keys;

namespace Ambient.ControlPlane.Routing.Tests.Keys;

public sealed class HttpKeySetFetcherTests
{
    private const string Good = """{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}""";

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("::1", true)]
    [InlineData("169.254.169.254", true)]
    [InlineData("::ffff:169.254.169.254", true)]
    [InlineData("fe80::1", true)]
    [InlineData("fd00:ec2::254", true)]
    [InlineData("100.100.100.200", true)]
    [InlineData("64:ff9b::100.100.100.200", true)]
    [InlineData("2002:a83f:8110::1", true)]
    [InlineData("::ffff:168.63.129.16", true)]
    [InlineData("0.0.0.0", true)]
    [InlineData("::", true)]
    [InlineData("224.0.0.1", true)]
    [InlineData("10.0.0.1", false)]
    [InlineData("8.8.8.8", false)]
    [InlineData("fd00::1", false)]
    public void SomeAddresses_AreNotGoneTo(string address, bool isForbidden) => Assert.Equal(isForbidden, ForbiddenAddresses.Contains(IPAddress.Parse(address)));

    [Fact]
    public async Task Keys_AreRead_AlsoThroughDiscovery()
    {
        using Server server = new(path => path switch
        {
            "/keys" => Answer(Good),
            "/moved" => "HTTP/1.1 302 Found\r\nLocation: /keys\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "/tenant/.well-known/openid-configuration" => Answer($$"""{"issuer":"x","jwks_uri":"http://127.0.0.1:{{PortMark}}/keys"}"""),
            _ => Answer("{}"),
        });
        Assert.Equal(Good, await server.FetchAsync("x", "/keys"));
        Assert.Equal(Good, await server.FetchAsync("x", "/moved"));
        Assert.Equal(Good, await server.FetchAsync(server.Address + "/tenant/", ""));
        Assert.Contains("has no jwks_uri", await server.ErrorAsync(server.Address + "/other", ""), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html>", "cannot be read")]
    [InlineData("{\"keys\":[]}", "no key that can be used")]
    [InlineData("{}", "no key that can be used")]
    [InlineData("{\"keys\":[{\"kty\":\"odd\"}]}", "no key that can be used")]
    [InlineData("null", "")]
    [InlineData("[]", "")]
    [InlineData("", "there are no keys")]
    public async Task WhatIsNoKeySet_IsRefused(string body, string problem)
    {
        using Server server = new(_ => Answer(body));
        Assert.Contains(problem, await server.ErrorAsync("x", "/keys"), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "WP-186")]
    public async Task ServersThatFailStallOrFlood_AreGivenUp()
    {
        using Server server = new(path => path switch
        {
            "/500" => "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "/stall" => "",
            "/loop" => "HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "/flood" => Answer(new string(' ', HttpKeySetFetcher.MaxBytes + 1)),
            "/garbage" => "what?\r\n\r\n",
            _ => "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n{",
        });
        Assert.Contains("answered 500", await server.ErrorAsync("x", "/500"), StringComparison.Ordinal);
        Assert.Contains("no answer in 0.3 s", await server.ErrorAsync("x", "/stall"), StringComparison.Ordinal);
        Assert.Contains("answered 302", await server.ErrorAsync("x", "/loop"), StringComparison.Ordinal);
        Assert.Contains("larger than", await server.ErrorAsync("x", "/flood"), StringComparison.Ordinal);
        Assert.NotEmpty(await server.ErrorAsync("x", "/garbage"));
        Assert.NotEmpty(await server.ErrorAsync("x", "/cut"));
        using HttpKeySetFetcher strict = new(ForbiddenAddresses.Contains);
        KeySetException refused = await Assert.ThrowsAsync<KeySetException>(() => strict.FetchAsync(new KeySource("x", server.Address + "/keys", TimeSpan.FromSeconds(20)), CancellationToken.None));
        Assert.Contains("an address that nothing is fetched from", refused.Message, StringComparison.Ordinal);
        foreach (string address in new[] { "ftp://x/keys", "file:///etc/passwd", "keys", "https://user:secret@x/keys" })
        {
            Assert.Contains("is no address of the form", (await Assert.ThrowsAsync<KeySetException>(() => strict.FetchAsync(new KeySource("x", address, TimeSpan.FromSeconds(1)), CancellationToken.None))).Message, StringComparison.Ordinal);
        }
    }

    private const string PortMark = "PORT-OF-SERVER";

    private static string Answer(string body) => $"HTTP/1.1 200 OK\r\nContent-Length: {Encoding.Latin1.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}";

    /// <summary>Answers each connection with a text; an empty one is silence.</summary>
    private sealed class Server : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Func<string, string> _answer;
        private readonly HttpKeySetFetcher _fetcher = new(static _ => false);

        public Server(Func<string, string> answer)
        {
            _answer = answer;
            _listener.Start();
            _ = Task.Run(AcceptAsync);
        }

        public string Address => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

        public Task<string> FetchAsync(string issuer, string path, double seconds = 20) =>
            _fetcher.FetchAsync(new KeySource(issuer, path.Length > 0 ? Address + path : "", TimeSpan.FromSeconds(seconds)), CancellationToken.None);

        public async Task<string> ErrorAsync(string issuer, string path) => (await Assert.ThrowsAsync<KeySetException>(() => FetchAsync(issuer, path, path == "/stall" ? 0.3 : 20))).Message;

        public void Dispose()
        {
            _listener.Dispose();
            _fetcher.Dispose();
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    TcpClient client = await _listener.AcceptTcpClientAsync();
                    _ = Task.Run(() => ServeAsync(client));
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Stopped.
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            using TcpClient owned = client;
            byte[] buffer = new byte[4096];
            int read = await client.GetStream().ReadAsync(buffer);
            string answer = _answer(Encoding.Latin1.GetString(buffer, 0, read).Split(' ')[1]).Replace(PortMark, ((IPEndPoint)_listener.LocalEndpoint).Port.ToString(provider: null), StringComparison.Ordinal);
            if (answer.Length == 0)
            {
                _ = await client.GetStream().ReadAsync(buffer);
                return;
            }

            // The length of what the mark became is not what was counted; the end of the connection is the end in any case.
            await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(System.Text.RegularExpressions.Regex.Replace(answer, "Content-Length: \\d+\r\n(?=Connection: close\r\n\r\n\\{\"issuer)", "")));
        }
    }
}
