using System.Net;
using System.Net.Http.Headers;
using Ambient.Grpc.Framing;
using Google.Protobuf;

namespace Ambient.Grpc.Client;

/// <summary>
/// One call whose both directions are streams. One reader and one writer at a time, side by side; disposing resets what is still open.
/// </summary>
/// <typeparam name="TRequest">What is sent.</typeparam>
/// <typeparam name="TResponse">What comes.</typeparam>
public sealed class GrpcCall<TRequest, TResponse> : IAsyncDisposable
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    private readonly CancellationTokenSource _abort;
    private readonly HttpRequestMessage _request;
    private readonly RequestBody _body;
    private readonly Task<HttpResponseMessage> _sending;
    private readonly MessageParser<TResponse> _parser;
    private readonly GrpcChannel _channel;
    private MessageReader? _reader;
    private HttpResponseMessage? _response;

    internal GrpcCall(GrpcChannel channel, HttpRequestMessage request, RequestBody body, Task<HttpResponseMessage> sending, MessageParser<TResponse> parser, CancellationTokenSource abort)
    {
        _channel = channel;
        _request = request;
        _body = body;
        _sending = sending;
        _parser = parser;
        _abort = abort;
    }

    /// <summary>Sends one message.</summary>
    /// <exception cref="GrpcException">The call has ended; reading tells how.</exception>
    public async Task SendAsync(TRequest message, CancellationToken cancellation)
    {
        try
        {
            await _body.WriteAsync(message, cancellation);
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException or ObjectDisposedException or InvalidOperationException)
        {
            throw Failures.FromTransport(failure, isConnecting: false, _channel.LastRejection);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The server has ended the call while we still had something to say.
            throw new GrpcException(GrpcCode.Cancelled, "the call has ended");
        }
    }

    /// <summary>Says that nothing more will be sent.</summary>
    public void CompleteSending() => _body.Complete();

    /// <summary>The next message, or null when the call ended with OK.</summary>
    /// <exception cref="GrpcException">The call ended otherwise.</exception>
    public async Task<TResponse?> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            if (_reader is null)
            {
                _response = await _sending.WaitAsync(cancellation);
                CheckHead(_response);
                _reader = new MessageReader(await _response.Content.ReadAsStreamAsync(cancellation), _channel.Options.MaxMessageBytes);
            }

            TResponse? message = await _reader.ReadAsync(_parser, cancellation);
            if (message is null)
            {
                CheckTrailers(_response!);
            }

            return message;
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException or ObjectDisposedException)
        {
            throw Failures.FromTransport(failure, isConnecting: false, _channel.LastRejection);
        }
        catch (OperationCanceledException failure) when (!cancellation.IsCancellationRequested)
        {
            // The stack says so, too, when the connection could not be made in time.
            throw failure.InnerException is TimeoutException late
                ? Failures.FromTransport(late, isConnecting: true, _channel.LastRejection)
                : new GrpcException(GrpcCode.Cancelled, "the call was given up", failure);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _abort.CancelAsync();
        _body.Complete();
        try
        {
            (await _sending).Dispose();
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException or OperationCanceledException)
        {
            // Reading has told or would have told; here the call is only put away.
        }

        _request.Dispose();
        _abort.Dispose();
    }

    private static void CheckHead(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new GrpcException(GrpcStatus.FromHttp(response.StatusCode), $"the server answered with HTTP status {(int)response.StatusCode}");
        }

        string? type = response.Content.Headers.ContentType?.MediaType;
        if (type is null || !type.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase))
        {
            throw new GrpcException(GrpcCode.Unknown, $"the server answered with content type {type ?? "none"}, expected application/grpc");
        }
    }

    private static void CheckTrailers(HttpResponseMessage response)
    {
        string? status = First(response.TrailingHeaders, "grpc-status") ?? First(response.Headers, "grpc-status");
        if (status is null)
        {
            throw new GrpcException(GrpcCode.Unknown, "the response ended without a status");
        }

        var parsed = GrpcStatus.Parse(status, First(response.TrailingHeaders, "grpc-message") ?? First(response.Headers, "grpc-message"));
        if (parsed.Code != GrpcCode.Ok)
        {
            throw new GrpcException(parsed.Code, parsed.Detail);
        }
    }

    private static string? First(HttpHeaders headers, string name) => headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
}
