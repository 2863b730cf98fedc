using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using Ambient.Bookshop.Http;

namespace Ambient.Bookshop.Roles;

/// <summary>
/// Answers for one part of the shop: who it is, who asked and with which fields, what those said whom it asked in turn, and how long all took.
/// With <c>?delay=MS</c> it waits first, with <c>?status=N</c> it answers so, with <c>?fail=N&amp;key=K</c> the first N requests of a key get 503. Thread-safe.
/// </summary>
internal sealed class Shop(ShopSettings settings, TimeProvider clock) : IDisposable
{
    private const int MostKeys = 10_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>A kept connection stays on the way that it was opened on; a new one takes a new way.</summary>
    private static readonly TimeSpan ConnectionLife = TimeSpan.FromSeconds(1);

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = ConnectionLife }) { Timeout = Patience };
    private readonly ConcurrentDictionary<string, int> _attempts = new(StringComparer.Ordinal);
    private readonly string _host = Environment.GetEnvironmentVariable("POD_NAME") is { Length: > 0 } pod ? pod : Environment.MachineName;
    private int _answered;

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>The answer to a request.</summary>
    public async Task<HttpReply> AnswerAsync(HttpRequest request, CancellationToken cancellation)
    {
        long started = clock.GetTimestamp();
        if (request.Path == "/health")
        {
            return new HttpReply(200, "{}"u8.ToArray());
        }

        int count = Interlocked.Increment(ref _answered), attempt = Attempt(request.Query("key"));
        if (request.Number("delay", 60_000) is > 0 and int delay)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(delay), clock, cancellation);
        }

        int status = attempt > 0 && attempt <= request.Number("fail", MostKeys) ? 503 : request.Number("status", 599) is >= 200 and int asked ? asked : 200;
        CallResult[] calls = status == 200 ? await Task.WhenAll(settings.Calls.Select(address => CallAsync(address, request, cancellation))) : [];
        return new HttpReply(status, Write(request, count, attempt, calls, clock.GetElapsedTime(started)));
    }

    private int Attempt(string? key)
    {
        if (key is null)
        {
            return 0;
        }

        if (_attempts.Count > MostKeys)
        {
            _attempts.Clear();
        }

        return _attempts.AddOrUpdate(key, 1, static (_, before) => before + 1);
    }

    private async Task<CallResult> CallAsync(Uri address, HttpRequest cause, CancellationToken cancellation)
    {
        long started = clock.GetTimestamp();
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        foreach ((string name, string value) in PassedFields.Of(cause))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        try
        {
            using HttpResponseMessage answer = await _http.SendAsync(request, cancellation);
            byte[] body = await answer.Content.ReadAsByteArrayAsync(cancellation);
            return new CallResult(address, (int)answer.StatusCode, clock.GetElapsedTime(started), body, "");
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException or TaskCanceledException)
        {
            return new CallResult(address, 0, clock.GetElapsedTime(started), [], failed.Message);
        }
    }

    private byte[] Write(HttpRequest request, int count, int attempt, CallResult[] calls, TimeSpan took)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("service", settings.Role);
            json.WriteString("version", settings.Version);
            json.WriteString("pod", _host);
            json.WriteNumber("answered", count);
            json.WriteNumber("attempt", attempt);
            Goods(json);
            json.WriteStartObject("caller");
            json.WriteString("address", request.Peer.ToString());
            json.WriteString("identity", PassedFields.Identity(request));
            json.WriteEndObject();
            json.WriteStartObject("request");
            json.WriteString("method", request.Method);
            json.WriteString("target", request.Target);
            json.WriteStartObject("headers");
            foreach (IGrouping<string, string> field in request.Headers.GroupBy(static h => h.Name, static h => h.Value, StringComparer.Ordinal))
            {
                json.WriteString(field.Key, field.Key == "authorization" ? "(given)" : string.Join(", ", field));
            }

            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartArray("calls");
            foreach (CallResult call in calls)
            {
                call.WriteTo(json);
            }

            json.WriteEndArray();
            json.WriteNumber("milliseconds", Math.Round(took.TotalMilliseconds, 1));
            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    private void Goods(Utf8JsonWriter json)
    {
        switch (settings.Role)
        {
            case "details":
                json.WriteString("title", "The Comedy of Errors");
                json.WriteNumber("pages", 200);
                break;
            case "ratings":
                json.WriteNumber("stars", 5);
                break;
            case "reviews":
                json.WriteString("review", "An extremely entertaining play.");
                json.WriteString("colour", settings.Version switch { "v2" => "black", "v3" => "red", _ => "none" });
                break;
            default:
                json.WriteString("page", "The Comedy of Errors");
                break;
        }
    }
}
