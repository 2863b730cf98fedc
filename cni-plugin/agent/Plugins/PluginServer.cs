using System.Net.Sockets;
using System.Text;
using Ambient.Cni.Enrolment.Wire;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;

namespace Ambient.Cni.Agent.Plugins;

/// <summary>
/// HTTP/1.1 on a unix socket for the CNI plugin. One request per connection; head, body, time and number of connections are bounded, so a peer that
/// is slow or hostile only harms itself. Thread-safe.
/// </summary>
public sealed class PluginServer : IAsyncDisposable
{
    private readonly PluginServerOptions _options;
    private readonly Func<string, string, ReadOnlyMemory<byte>, CancellationToken, Task<PluginAnswer>> _answer;
    private readonly MetricFamily _requests;
    private readonly Logger _log;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly SemaphoreSlim _room;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _accepting;

    /// <summary>Binds (a stale file is replaced, mode 0600) and serves. Throws <see cref="SocketException"/> and <see cref="IOException"/>.</summary>
    public PluginServer(PluginServerOptions options, Func<string, string, ReadOnlyMemory<byte>, CancellationToken, Task<PluginAnswer>> answer, MetricFamily requests, Logger log)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _answer, _requests, _log) = (options, answer, requests, log);
        _room = new SemaphoreSlim(options.MaxConnections);
        File.Delete(options.Path);
        try
        {
            _listener.Bind(new UnixDomainSocketEndPoint(options.Path));
            File.SetUnixFileMode(options.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            _listener.Listen(512);
        }
        catch
        {
            _listener.Dispose();
            throw;
        }

        _accepting = AcceptAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Dispose();
        await _accepting;
        File.Delete(_options.Path);
    }

    private async Task AcceptAsync()
    {
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                await _room.WaitAsync(_ending.Token);
                Socket client = await _listener.AcceptAsync(_ending.Token);
                _ = ServeAsync(client);
            }
            catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException failure)
            {
                _room.Release();
                _log.Warn("accept failed on the plugin's socket", LogField.Of("error", failure.Message));
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        try
        {
            using (client)
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
                limit.CancelAfter(_options.ReadLimit);
                PluginAnswer answer;
                (string Method, string Path, byte[] Body)? request = null;
                try
                {
                    request = await ReadAsync(client, limit.Token);
                    limit.CancelAfter(Timeout.InfiniteTimeSpan);
                    answer = request is { } r ? await _answer(r.Method, r.Path, r.Body, _ending.Token) : PluginAnswer.Error(400, "not an HTTP/1.1 request of at most 64 KiB");
                }
                catch (OperationCanceledException) when (!_ending.IsCancellationRequested)
                {
                    answer = PluginAnswer.Error(408, "the request did not come in time");
                }

                if (request?.Path == PluginWire.AddPath)
                {
                    _requests.With(answer.Status.ToString(System.Globalization.CultureInfo.InvariantCulture)).Increment();
                }

                limit.CancelAfter(_options.ReadLimit);
                await client.SendAsync(Render(answer), limit.Token);
                client.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception gone) when (gone is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The plugin left, or we end. What it asked for goes on: its next attempt finds it done.
        }
        catch (Exception bug)
        {
            _log.Error("a request of the plugin failed", LogField.Of("error", bug.ToString()));
        }
        finally
        {
            _room.Release();
        }
    }

    /// <summary>One request; null when it is none.</summary>
    private static async Task<(string Method, string Path, byte[] Body)?> ReadAsync(Socket client, CancellationToken cancellation)
    {
        byte[] buffer = new byte[PluginWire.MaxHead];
        int filled = 0, end;
        while ((end = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0)
        {
            int read = filled == buffer.Length ? 0 : await client.ReceiveAsync(buffer.AsMemory(filled), cancellation);
            if (read == 0)
            {
                return null;
            }

            filled += read;
        }

        if (!TryReadHead(Encoding.Latin1.GetString(buffer, 0, end), out string method, out string path, out int length))
        {
            return null;
        }

        byte[] body = new byte[length];
        int have = Math.Min(length, filled - end - 4);
        buffer.AsSpan(end + 4, have).CopyTo(body);
        while (have < length)
        {
            int read = await client.ReceiveAsync(body.AsMemory(have), cancellation);
            if (read == 0)
            {
                return null;
            }

            have += read;
        }

        return (method, path, body);
    }

    /// <summary>The request line and the length of the body.</summary>
    internal static bool TryReadHead(string head, out string method, out string path, out int length)
    {
        (method, path) = ("", "");
        if (!HttpHead.TryRead(head, out string first, out int? said))
        {
            length = 0;
            return false;
        }

        length = said ?? 0;
        string[] words = first.Split(' ');
        if (words.Length != 3 || !words[2].StartsWith("HTTP/1.", StringComparison.Ordinal) || !words[1].StartsWith('/'))
        {
            return false;
        }

        (method, path) = (words[0], words[1]);
        return true;
    }

    private static byte[] Render(PluginAnswer answer)
    {
        byte[] body = Encoding.UTF8.GetBytes(answer.Body);
        string reason = answer.Status switch { 200 => "OK", 400 => "Bad Request", 404 => "Not Found", 408 => "Request Timeout", 503 => "Service Unavailable", _ => "Internal Server Error" };
        string head = $"HTTP/1.1 {answer.Status} {reason}\r\nContent-Type: {answer.ContentType}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }
}
