using System.Net;
using System.Net.Sockets;
using Ambient.Cli.Dumps;
using Ambient.Linux.Namespaces;

namespace Ambient.Cli.Sources;

/// <summary>A ztunnel's admin port, however it is reached. Thread-safe; answers are values, never exceptions (cancellation apart).</summary>
internal sealed class AdminPort : IDisposable
{
    private const long LongestDump = 1L << 30;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private readonly HttpClient _http;

    /// <summary>Over connections that are made by <paramref name="connect"/>.</summary>
    public AdminPort(string name, Uri address, Func<CancellationToken, ValueTask<Stream>>? connect = null)
    {
        Name = name;
        var handler = new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(5) };
        if (connect is not null)
        {
            handler.ConnectCallback = (_, cancellation) => connect(cancellation);
        }

        _http = new HttpClient(handler) { BaseAddress = address, Timeout = Deadline, MaxResponseContentBufferSize = LongestDump };
    }

    /// <summary>Whose it is, for people.</summary>
    public string Name { get; }

    /// <summary>By address: <c>host:port</c>, <c>host</c> or a URL.</summary>
    public static AdminPort? At(string address, out string? error, int port = 15000)
    {
        string full = address.Contains("://", StringComparison.Ordinal) ? address : "http://" + address;
        if (!Uri.TryCreate(full, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
        {
            error = $"--admin {address} is no address; such as 127.0.0.1:{port}";
            return null;
        }

        error = null;
        bool hasPort = full.AsSpan(full.IndexOf("://", StringComparison.Ordinal) + 3).TrimEnd('/').LastIndexOf(':') > full.AsSpan(full.IndexOf("://", StringComparison.Ordinal) + 3).LastIndexOf(']');
        return new AdminPort(uri.Authority, hasPort ? uri : new UriBuilder(uri) { Port = port }.Uri);
    }

    /// <summary>Inside of a named network namespace (<c>ip netns</c>).</summary>
    public static AdminPort InNamespace(string name, int port = 15000) => new(name, new Uri($"http://127.0.0.1:{port}"), async cancellation =>
    {
        Socket socket;
        using (NetworkNamespace network = NetworkNamespace.Open("/var/run/netns/" + name))
        {
            // A socket stays in the namespace it was made in.
            socket = network.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        }

        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    });

    /// <summary>The dump; null with the reason.</summary>
    public async Task<(ConfigDump? Dump, string? Error)> DumpAsync(CancellationToken cancellation)
    {
        (byte[]? body, string? error) = await SendAsync(HttpMethod.Get, "/config_dump", cancellation);
        return body is null ? (null, error) : ConfigDump.TryParse(body, out ConfigDump? dump, out string? unreadable) ? (dump, null) : (null, $"what {Name} answers {unreadable}");
    }

    /// <summary>Changes levels, or with an empty query tells them; the answer's text, or the reason.</summary>
    public async Task<(string? Text, string? Error)> LoggingAsync(string query, CancellationToken cancellation)
    {
        (byte[]? body, string? error) = await SendAsync(HttpMethod.Post, "/logging" + query, cancellation);
        return (body is null ? null : System.Text.Encoding.UTF8.GetString(body).Trim(), error);
    }

    /// <summary>Any page; null with the reason.</summary>
    public Task<(byte[]? Body, string? Error)> GetAsync(string path, CancellationToken cancellation) => SendAsync(HttpMethod.Get, path, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<(byte[]? Body, string? Error)> SendAsync(HttpMethod method, string path, CancellationToken cancellation)
    {
        try
        {
            using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
            using HttpResponseMessage response = await _http.SendAsync(request, cancellation);
            byte[] body = await response.Content.ReadAsByteArrayAsync(cancellation);
            return response.IsSuccessStatusCode ? (body, null) : (null, $"{Name} answers {(int)response.StatusCode}: {System.Text.Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 500))).Trim()}");
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException or SocketException or Linux.LinuxException)
        {
            return (null, $"{Name} does not answer: {(failed.InnerException ?? failed).Message}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (null, $"{Name} does not answer within {Deadline.TotalSeconds:0} s");
        }
    }
}
