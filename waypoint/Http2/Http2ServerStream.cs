using Ambient.Hbone.Frames;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Http;

namespace Ambient.Waypoint.Http2;

/// <summary>A client's request in HTTP/2 and its answer. Loop-affine.</summary>
internal sealed class Http2ServerStream : Http2Stream, IRequestSource
{
    private readonly Http2Server _server;
    private readonly long _length;
    private RequestSlot? _slot;
    private Exchange? _exchange;

    public Http2ServerStream(Http2Server server, RequestSlot slot, long length)
        : base(server)
    {
        _server = server;
        _slot = slot;
        _length = length;
        Facts = slot.Facts;
        Answer = slot.Answer;
        IsHeadRead = true;
        Expect(length);
    }

    /// <inheritdoc/>
    public string Protocol => "HTTP/2";

    /// <inheritdoc/>
    public RequestFacts Facts { get; }

    /// <inheritdoc/>
    public FieldList Answer { get; }

    /// <inheritdoc/>
    protected override bool CanRead => _exchange is null || _exchange.CanTakeBody;

    /// <summary>Begins the exchange.</summary>
    public void Begin(bool isEnd, int headBytes)
    {
        BodyFraming framing = isEnd ? BodyFraming.None : _length >= 0 ? new BodyFraming(BodyKind.Length, _length) : new BodyFraming(BodyKind.Chunked, -1);
        Exchange exchange = new(_server.Tunnel, this, _slot!.Head, framing, "");
        _exchange = exchange;
        exchange.Record.RequestHeadBytes = headBytes;
        exchange.Start();
        if (isEnd && !IsClosed)
        {
            TakeEnd(null);
        }
    }

    /// <summary>Answers what cannot be used.</summary>
    public void Refuse(HttpError error, bool isEnd)
    {
        _server.Tunnel.Record.OnBadRequest(_slot!.Head, error);
        if (isEnd)
        {
            TakeEnd(null);
        }

        SendHead(error.Status, new FieldList(), BodyFraming.None);
        SendEnd(null);
    }

    /// <inheritdoc/>
    public void ResumeBody() => Read();

    /// <inheritdoc/>
    public void SendInterim(int status, FieldList fields)
    {
        if (!IsClosed)
        {
            FieldBlock.Response(_server.Output, Id, status, fields, -1, isEnd: false);
        }
    }

    /// <inheritdoc/>
    public void SendHead(int status, FieldList fields, BodyFraming framing, string upgrade = "")
    {
        if (IsClosed)
        {
            return;
        }

        // A gRPC answer that is nothing but its head is one only when the head ends the stream.
        bool isEnd = framing.Kind == BodyKind.None || framing is { Kind: BodyKind.Length, Length: 0 };
        IsAnswered = true;
        int bytes = FieldBlock.Response(_server.Output, Id, status, fields, framing.Kind == BodyKind.Length && framing.Length > 0 ? framing.Length : -1, isEnd);
        if (_exchange is { } exchange)
        {
            exchange.Record.ResponseHeadBytes += bytes;
        }

        if (isEnd)
        {
            LocalEnded = true;
            OnLocalEnded();
        }
    }

    /// <inheritdoc/>
    public void Reset(string detail)
    {
        _exchange = null;
        Finish(Http2Error.InternalError);
    }

    /// <inheritdoc/>
    protected override void OnRead(ReadOnlySpan<byte> data) => _exchange?.OnRequestData(data);

    /// <inheritdoc/>
    protected override void OnReadEnd(FieldList? trailers)
    {
        _exchange?.OnRequestEnd(trailers);
        FinishIfDone();
    }

    /// <inheritdoc/>
    protected override void OnLocalEnded() => FinishIfDone();

    /// <inheritdoc/>
    protected override void OnRoom() => _exchange?.OnClientDrained();

    /// <inheritdoc/>
    protected override void OnLost(Http2Error code, bool isByPeer, string detail)
    {
        Exchange? exchange = _exchange;
        _exchange = null;
        exchange?.OnClientGone(detail);
        Release();
    }

    private void FinishIfDone()
    {
        if (LocalEnded)
        {
            // Answered before it was asked to the end: the client need not send the rest (RFC 9113 section 8.1).
            Finish(RemoteEnded ? null : Http2Error.NoError);
        }
    }

    private void Finish(Http2Error? reset)
    {
        Close(reset);
        _exchange = null;
        Release();
    }

    private void Release()
    {
        if (_slot is { } slot)
        {
            _slot = null;
            _server.Return(slot);
        }
    }
}
