using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Ambient.Telemetry.Logging;

namespace Ambient.Telemetry.Http;

/// <summary>One client's connection to an operators' port, request by request. Used by one task.</summary>
internal sealed class HttpConnection(Socket client, HttpServerOptions options, IHttpHandler handler, Logger log)
{
    private byte[] _buffer = new byte[1024];
    private int _filled;

    /// <summary>Serves until the client leaves or misbehaves, or, between requests, until <paramref name="draining"/>.</summary>
    public async Task RunAsync(CancellationToken draining, CancellationToken ending)
    {
        client.NoDelay = true;
        bool first = true;
        while (true)
        {
            int length = await ReadHeadAsync(first, draining, ending);
            if (length == 0)
            {
                return;
            }

            HttpHead? head = length < 0 ? null : HttpHead.Parse(_buffer.AsSpan(0, length));
            if (head is null)
            {
                await SendAsync(HttpAnswer.Empty(400), null, keepAlive: false, ending);
                return;
            }

            Consume(length);
            if (!await SkipBodyAsync(head.BodyLength, ending))
            {
                return;
            }

            HttpAnswer answer = await AnswerAsync(head.Request, ending);
            bool keep = head.IsKeepAlive && !draining.IsCancellationRequested;
            await SendAsync(answer, head.Request, keep, ending);
            if (!keep)
            {
                return;
            }

            first = false;
        }
    }

    /// <summary>Bytes of the next head; 0 when there is none any more, -1 when what came cannot be one.</summary>
    private async Task<int> ReadHeadAsync(bool first, CancellationToken draining, CancellationToken ending)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(ending, draining);
        limit.CancelAfter(first || _filled > 0 ? options.HeaderTimeout : options.IdleTimeout);
        bool started = first;
        while (true)
        {
            int end = _buffer.AsSpan(0, _filled).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                return end + 4;
            }

            if (_filled >= options.HeadLimit || (_filled > 0 && !char.IsAsciiLetterUpper((char)_buffer[0])))
            {
                return -1;
            }

            if (_filled == _buffer.Length)
            {
                Array.Resize(ref _buffer, Math.Min(_buffer.Length * 2, options.HeadLimit));
            }

            try
            {
                int read = await client.ReceiveAsync(_buffer.AsMemory(_filled), limit.Token);
                if (read == 0)
                {
                    return 0;
                }

                _filled += read;
                if (!started)
                {
                    started = true;
                    limit.CancelAfter(options.HeaderTimeout);
                }
            }
            catch (OperationCanceledException)
            {
                return 0;
            }
        }
    }

    private async Task<bool> SkipBodyAsync(long length, CancellationToken ending)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(ending);
        limit.CancelAfter(options.HeaderTimeout);
        while (length > 0)
        {
            if (_filled == 0)
            {
                _filled = await client.ReceiveAsync(_buffer.AsMemory(), limit.Token);
                if (_filled == 0)
                {
                    return false;
                }
            }

            int skipped = (int)Math.Min(length, _filled);
            Consume(skipped);
            length -= skipped;
        }

        return true;
    }

    private async Task<HttpAnswer> AnswerAsync(HttpRequest request, CancellationToken ending)
    {
        try
        {
            return await handler.HandleAsync(request, ending);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            log.Error("request failed", LogField.Of("server", options.Name), LogField.Of("path", request.Path), LogField.Of("error", failure.ToString()));
            return HttpAnswer.Text(500, failure.Message + "\n");
        }
    }

    private async Task SendAsync(HttpAnswer answer, HttpRequest? request, bool keepAlive, CancellationToken ending)
    {
        ReadOnlyMemory<byte> body = answer.Body;
        string? coding = answer.MayCompress && request is not null ? HttpCompression.Choose(request.Header("accept-encoding")) : null;
        if (coding is not null)
        {
            body = HttpCompression.Apply(coding, body.Span);
        }

        StringBuilder head = new(256);
        head.Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {answer.Status} {Reason(answer.Status)}\r\n");
        head.Append(answer.ContentType is null ? string.Empty : $"content-type: {answer.ContentType}\r\n");
        head.Append(coding is null ? string.Empty : $"content-encoding: {coding}\r\n");
        head.Append(answer.MayCompress ? "vary: accept-encoding\r\n" : string.Empty);
        head.Append(CultureInfo.InvariantCulture, $"content-length: {body.Length}\r\n{(keepAlive ? string.Empty : "connection: close\r\n")}\r\n");
        byte[] headBytes = Encoding.ASCII.GetBytes(head.ToString());
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(ending);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        await SendAllAsync(headBytes, limit.Token);
        if (request?.Method != "HEAD")
        {
            await SendAllAsync(body, limit.Token);
        }

        if (!keepAlive)
        {
            client.Shutdown(SocketShutdown.Send);
        }
    }

    private async Task SendAllAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await client.SendAsync(bytes, cancellationToken)..];
        }
    }

    private void Consume(int count)
    {
        _buffer.AsSpan(count, _filled - count).CopyTo(_buffer);
        _filled -= count;
    }

    private static string Reason(int status) => status switch
    {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "Unknown",
    };
}
