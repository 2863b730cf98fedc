using System.Net;
using System.Net.Http.Headers;
using Ambient.Grpc.Framing;
using Google.Protobuf;

namespace Ambient.Grpc.Client;

/// <summary>A request body that is written message by message for as long as the call lives. One writer at a time.</summary>
internal sealed class RequestBody : HttpContent
{
    private readonly TaskCompletionSource<Stream> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal RequestBody() => Headers.ContentType = new MediaTypeHeaderValue("application/grpc");

    /// <summary>Completes once the connection is there and the body may be written.</summary>
    internal Task Ready => _ready.Task;

    internal async Task WriteAsync(IMessage message, CancellationToken cancellation)
    {
        Stream stream = await _ready.Task.WaitAsync(cancellation);
        await stream.WriteAsync(MessageWriter.Frame(message), cancellation);
        await stream.FlushAsync(cancellation);
    }

    /// <summary>Ends the body: the server sees the half-close.</summary>
    internal void Complete() => _done.TrySetResult();

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // The request's headers go out with the first flush; a server may want to see them before anything is said.
        try
        {
            await stream.FlushAsync(cancellationToken);
        }
        catch (Exception failure)
        {
            // The server has answered already; whoever waits to write must not wait for ever.
            _ready.TrySetException(new IOException("the call has ended", failure));
            _ = _ready.Task.Exception;
            throw;
        }

        _ready.TrySetResult(stream);

        // Not cancelled by the token: when a server resets the stream, the reset must be the failure that the call reports.
        await _done.Task;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        _ready.TrySetException(new IOException("the call has ended"));
        _ = _ready.Task.Exception;
        _done.TrySetResult();
        base.Dispose(disposing);
    }
}
