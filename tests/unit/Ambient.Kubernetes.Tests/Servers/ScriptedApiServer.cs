using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Connections;

namespace Ambient.Kubernetes.Tests.Servers;

/// <summary>An API server that answers as a test says, down to the byte; each connection serves one request.</summary>
public sealed class ScriptedApiServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private readonly Func<ApiCall, ApiReply> _script;
    private readonly ConcurrentBag<Task> _running = [];
    private readonly Task _accepting;

    public ScriptedApiServer(Func<ApiCall, ApiReply> script)
    {
        _script = script;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public ConcurrentQueue<ApiCall> Calls { get; } = new();

    public ClusterConnection Connection => new() { Server = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}") };

    public KubernetesClient Client(ClientOptions? options = null, ICredential? credential = null, TimeProvider? time = null) => new(
        credential is null ? Connection : Connection with { Credential = credential },
        options ?? new ClientOptions { FirstDelay = TimeSpan.FromMilliseconds(2), LongestDelay = TimeSpan.FromMilliseconds(10), Tries = 3 },
        time ?? TimeProvider.System);

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Stop();
        await _accepting.ContinueWith(_ => { }, TaskScheduler.Default);
        await Task.WhenAll(_running).ContinueWith(_ => { }, TaskScheduler.Default);
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_ending.IsCancellationRequested)
        {
            TcpClient peer = await _listener.AcceptTcpClientAsync(_ending.Token);
            _running.Add(ServeAsync(peer));
        }
    }

    private async Task ServeAsync(TcpClient peer)
    {
        using (peer)
        {
            NetworkStream stream = peer.GetStream();
            if (await ReadAsync(stream) is { } call)
            {
                ApiReply reply;
                lock (_script)
                {
                    Calls.Enqueue(call);
                    reply = _script(call);
                }

                await reply.WriteAsync(stream, _ending.Token);
                peer.Client.Shutdown(SocketShutdown.Send);
            }
        }
    }

    private async Task<ApiCall?> ReadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _ending.Token) == 0)
            {
                return null;
            }

            head.Append((char)one[0]);
        }

        string[] lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] first = lines[0].Split(' ');
        var headers = lines.Skip(1).Select(l => l.Split(": ", 2)).ToDictionary(l => l[0], l => l[1], StringComparer.OrdinalIgnoreCase);
        byte[] body = new byte[int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body, _ending.Token);
        string[] target = first[1].Split('?', 2);
        var query = (target.Length > 1 ? target[1] : "").Split('&', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2))
            .ToDictionary(p => p[0], p => Uri.UnescapeDataString(p[1]), StringComparer.Ordinal);
        return new ApiCall(first[0], target[0], query, headers, Encoding.UTF8.GetString(body));
    }
}
