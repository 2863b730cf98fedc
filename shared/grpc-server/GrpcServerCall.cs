using System.IO.Pipelines;
using System.Security.Cryptography.X509Certificates;
using Ambient.Grpc.Framing;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace Ambient.Grpc.Server;

/// <summary>A call as its method sees it. One reader and one writer at a time.</summary>
public sealed class GrpcServerCall
{
    /// <summary>How much of a message waits for the peer's window at a time, in bytes; the rest waits in the caller's own buffer.</summary>
    internal const int SendChunk = 64 * 1024;

    private readonly HttpContext _context;
    private readonly GrpcServerOptions _options;
    private readonly MessageReader _reader;
    private readonly TimeProvider _clock;

    internal GrpcServerCall(HttpContext context, GrpcServerOptions options, int maxRequestBytes, TimeProvider clock, CancellationToken ending, CancellationToken aborted)
    {
        _context = context;
        _options = options;
        _clock = clock;
        _reader = new MessageReader(context.Request.Body, maxRequestBytes);
        Ending = ending;
        Aborted = aborted;
    }

    /// <summary>The client's verified certificate; null when it showed none.</summary>
    public X509Certificate2? ClientCertificate => _context.Connection.ClientCertificate;

    /// <summary>The client's address.</summary>
    public string Peer => $"{_context.Connection.RemoteIpAddress}:{_context.Connection.RemotePort}";

    /// <summary>The connection is to be recycled, or the server stops: a stream should come to its end now.</summary>
    public CancellationToken Ending { get; }

    /// <summary>The call is over for the other side: it is gone, its deadline or the grace has passed.</summary>
    public CancellationToken Aborted { get; }

    /// <summary>All values of a header, in order.</summary>
    public IReadOnlyList<string> Header(string name) => [.. _context.Request.Headers[name].OfType<string>()];

    /// <summary>The next message of the client; null when it has sent its last.</summary>
    /// <exception cref="GrpcException">The bytes are no message.</exception>
    /// <exception cref="OperationCanceledException">The call is over.</exception>
    public async ValueTask<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken cancellation)
        where T : class, IMessage<T>
    {
        try
        {
            return await _reader.ReadAsync(parser, cancellation);
        }
        catch (Exception cut) when (cut is IOException or BadHttpRequestException)
        {
            throw new OperationCanceledException("the client is gone", cut);
        }
    }

    /// <summary>Sends a message; completes when the client's window has room for more.</summary>
    /// <exception cref="GrpcException">The client took nothing for too long.</exception>
    /// <exception cref="OperationCanceledException">The call is over.</exception>
    public ValueTask SendAsync(IMessage message, CancellationToken cancellation) => SendFrameAsync(MessageWriter.Frame(message), cancellation);

    /// <summary>Sends a message that was put into its frame before (see <see cref="MessageWriter"/>), and perhaps is sent to many.</summary>
    /// <remarks>A send that was given up leaves half a message behind: the call is reset then.</remarks>
    /// <exception cref="GrpcException">The client took nothing for too long.</exception>
    /// <exception cref="OperationCanceledException">The call is over.</exception>
    public async ValueTask SendFrameAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        for (int sent = 0; sent < frame.Length; sent += SendChunk)
        {
            await FlushAsync(_context.Response.BodyWriter.WriteAsync(frame.Slice(sent, Math.Min(SendChunk, frame.Length - sent)), CancellationToken.None), cancellation);
        }
    }

    /// <summary>
    /// Sends one message in its frame that lies in parts, most of them perhaps shared with other calls; no copy of the whole is made.
    /// </summary>
    /// <remarks>A send that was given up leaves half a message behind: the call is reset then.</remarks>
    /// <exception cref="GrpcException">The client took nothing for too long.</exception>
    /// <exception cref="OperationCanceledException">The call is over.</exception>
    public async ValueTask SendPartsAsync(IEnumerable<ReadOnlyMemory<byte>> parts, CancellationToken cancellation)
    {
        PipeWriter writer = _context.Response.BodyWriter;
        int pending = 0;
        foreach (ReadOnlyMemory<byte> part in parts)
        {
            if (part.Length > SendChunk)
            {
                await SendFrameAsync(part, cancellation);
                pending = 0;
                continue;
            }

            part.Span.CopyTo(writer.GetSpan(part.Length));
            writer.Advance(part.Length);
            pending += part.Length;
            if (pending >= SendChunk)
            {
                await FlushAsync(writer.FlushAsync(CancellationToken.None), cancellation);
                pending = 0;
            }
        }

        await FlushAsync(writer.FlushAsync(CancellationToken.None), cancellation);
    }

    /// <summary>Sends the head of the answer before there is a message, so that the client knows that it was let in.</summary>
    public async Task StartAsync()
    {
        if (!_context.Response.HasStarted)
        {
            await _context.Response.StartAsync(CancellationToken.None);
            await _context.Response.BodyWriter.FlushAsync(CancellationToken.None);
        }
    }

    private async ValueTask FlushAsync(ValueTask<FlushResult> sending, CancellationToken cancellation)
    {
        FlushResult sent = sending.IsCompletedSuccessfully ? await sending : await TakenAsync(sending.AsTask(), cancellation);
        if (sent.IsCompleted || sent.IsCanceled)
        {
            throw new OperationCanceledException("the client is gone");
        }
    }

    private async Task<FlushResult> TakenAsync(Task<FlushResult> sending, CancellationToken cancellation)
    {
        try
        {
            return await sending.WaitAsync(_options.SendLimit, _clock, cancellation);
        }
        catch (TimeoutException)
        {
            _context.Abort();
            throw new GrpcException(GrpcCode.ResourceExhausted, $"the client took nothing for {_options.SendLimit.TotalSeconds:0} s");
        }
        catch (OperationCanceledException) when (sending.IsCompletedSuccessfully)
        {
            // Taken after all, in the same moment: the rest of the message follows, or the next wait gives it up.
            return await sending;
        }
        catch (OperationCanceledException)
        {
            // Without a look at the sending: it may complete in between, and the answer must not end properly after half a message.
            _context.Abort();
            throw;
        }
    }
}
