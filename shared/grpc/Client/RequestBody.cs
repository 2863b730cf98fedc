using System.Net;
using System.Net.Http.Headers;
using Ambient.Grpc.Framing;
using Google.Protobuf;

namespace Ambient.Grpc.Client;

/// <summary>A request body that is written message by message for as long as the call lives. One writer at a time.</summary>
/// <remarks>
/// A server that closes its connection (GOAWAY) has not taken the newest calls; the HTTP stack begins them anew on the next connection, and what was said must be
/// said again there. What is too much to keep for that fails the call.
/// </remarks>
internal sealed class RequestBody : HttpContent
{
    private const int MostKept = 256 * 1024;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly List<byte[]> _said = [];
    private Stream? _stream;
    private int _kept;
    private bool _isAnswered;
    private bool _hasStopped;

    internal RequestBody() => Headers.ContentType = new MediaTypeHeaderValue("application/grpc");

    /// <summary>Completes once the connection is there and the body may be written.</summary>
    internal Task Ready => _ready.Task;

    internal async Task WriteAsync(IMessage message, CancellationToken cancellation)
    {
        await _ready.Task.WaitAsync(cancellation);
        byte[] frame = MessageWriter.Frame(message);
        await _turn.WaitAsync(cancellation);
        try
        {
            Keep(frame);
            await _stream!.WriteAsync(frame, cancellation);
            await _stream.FlushAsync(cancellation);
        }
        catch (Exception failure) when (IsOfConnection(failure) && IsSaidAgain(cancellation))
        {
            // The connection closes before it took the call: the next one hears all that was said, or the call fails, and its reader is told why.
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The server answers, or the call has failed: nothing will be said again.</summary>
    internal void Answered(bool isFailure)
    {
        bool isOver;
        lock (_said)
        {
            _isAnswered = true;
            _said.Clear();
            isOver = isFailure || _hasStopped;
        }

        if (isOver)
        {
            FailReady();
        }
    }

    /// <summary>Ends the body: the server sees the half-close.</summary>
    internal void Complete() => _done.TrySetResult();

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        try
        {
            await BeginAsync(stream, cancellationToken);
            _ready.TrySetResult();
        }
        catch (Exception failure) when (IsOfConnection(failure))
        {
            // The connection closes, or the server has answered already. What becomes of the call is not for the body to say: the HTTP stack begins it anew
            // on the next connection, or tells its answer or its failure.
            Stop();
        }

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
        FailReady();
        _done.TrySetResult();
        base.Dispose(disposing);
    }

    private static bool IsOfConnection(Exception failure) => failure is OperationCanceledException or HttpRequestException or ObjectDisposedException or InvalidOperationException
        or (IOException and not TooMuchToRepeatException);

    private void FailReady()
    {
        if (_ready.TrySetException(new IOException("the call has ended")))
        {
            _ = _ready.Task.Exception;
        }
    }

    // Whoever waits to say something to a call that is answered already must not wait for ever.
    private void Stop()
    {
        bool isOver;
        lock (_said)
        {
            _hasStopped = true;
            isOver = _isAnswered;
        }

        if (isOver)
        {
            FailReady();
        }
    }

    private async Task BeginAsync(Stream stream, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            // Before the headers go out: from then on an answer may come, after which nothing is kept.
            byte[][] again;
            lock (_said)
            {
                _hasStopped = false;
                again = _kept <= MostKept ? [.. _said] : throw new TooMuchToRepeatException();
            }

            // The request's headers go out with the first flush; a server may want to see them before anything is said.
            await stream.FlushAsync(cancellation);
            foreach (byte[] frame in again)
            {
                await stream.WriteAsync(frame, cancellation);
                await stream.FlushAsync(cancellation);
            }

            _stream = stream;
        }
        finally
        {
            _turn.Release();
        }
    }

    private bool IsSaidAgain(CancellationToken cancellation)
    {
        lock (_said)
        {
            return !_isAnswered && _kept <= MostKept && !cancellation.IsCancellationRequested;
        }
    }

    private void Keep(byte[] frame)
    {
        lock (_said)
        {
            if (_isAnswered || _kept > MostKept)
            {
                return;
            }

            _kept += frame.Length;
            if (_kept > MostKept)
            {
                _said.Clear();
            }
            else
            {
                _said.Add(frame);
            }
        }
    }

    private sealed class TooMuchToRepeatException() : IOException("the server did not take the call, and what was said is too much to say it again");
}
