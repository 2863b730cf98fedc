using System.Globalization;
using System.Text;

namespace Ambient.Kubernetes.Tests.Servers;

/// <summary>What the scripted server does with a request.</summary>
public sealed class ApiReply
{
    private readonly Func<Stream, CancellationToken, Task> _write;

    private ApiReply(Func<Stream, CancellationToken, Task> write) => _write = write;

    public static ApiReply Ok(string body) => Of(200, body);

    public static ApiReply Of(int status, string body, string? headers = null) => new(async (stream, c) =>
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        await WriteAsync(stream, $"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {bytes.Length}\r\nConnection: close\r\n{headers}\r\n", c);
        await stream.WriteAsync(bytes, c);
    });

    public static ApiReply Failure(int code, string reason, string? headers = null) =>
        Of(code, $$"""{"kind":"Status","apiVersion":"v1","status":"Failure","message":"scripted {{reason}}","reason":"{{reason}}","code":{{code}}}""", headers);

    public static ApiReply List(string version, IEnumerable<string> items, string? next = null) =>
        Ok($$"""{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"{{version}}"{{(next is null ? "" : $",\"continue\":\"{next}\"")}}},"items":[{{string.Join(",", items)}}]}""");

    /// <summary>A watch that says these bytes and ends as HTTP wants it; or is cut, or stays open.</summary>
    public static ApiReply Watch(string text, WatchFinish finish = WatchFinish.End) => new(async (stream, c) =>
    {
        await WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n", c);
        if (text.Length > 0)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            await WriteAsync(stream, bytes.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n", c);
            await stream.WriteAsync(bytes, c);
            await WriteAsync(stream, "\r\n", c);
        }

        if (finish == WatchFinish.End)
        {
            await WriteAsync(stream, "0\r\n\r\n", c);
        }
        else if (finish == WatchFinish.Open)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, c);
        }
    });

    /// <summary>No answer: the connection is closed.</summary>
    public static ApiReply HangUp() => new((_, _) => Task.CompletedTask);

    /// <summary>No answer: nothing happens.</summary>
    public static ApiReply Silence() => new((_, c) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, c));

    public Task WriteAsync(Stream stream, CancellationToken cancellation) => _write(stream, cancellation);

    private static async Task WriteAsync(Stream stream, string text, CancellationToken cancellation) => await stream.WriteAsync(Encoding.ASCII.GetBytes(text), cancellation);
}
