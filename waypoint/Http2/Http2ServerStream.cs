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
    private readonly string _upgrade;
    private RequestSlot? _slot;
    private Exchange? _exchange;
    private string? _key;
    private bool _isUpgraded;
    private bool _endIsHeld;

    public Http2ServerStream(Http2Server server, RequestSlot slot, long length, string? upgrade)
        : base(server)
    {
        _server = server;
        _slot = slot;
        _length = length;
        _upgrade = upgrade ?? "";
        Facts = slot.Facts;
        Answer = slot.Answer;
        IsHeadRead = true;
        Expect(length);
    }

    /// <inheritdoc/>
    public string Protocol => "HTTP/2";

    /// <inheritdoc/>
    public bool IsConsentAnySuccess => _upgrade.Length > 0;

    /// <inheritdoc/>
    public RequestFacts Facts { get; }

    /// <inheritdoc/>
    public FieldList Answer { get; }

    /// <inheritdoc/>
    protected override bool CanRead => _exchange is null || (_exchange.CanTakeBody && !IsHeldBack);

    // What comes before the endpoint has agreed would be another request to one that does not.
    private bool IsHeldBack => _upgrade.Length > 0 && !_isUpgraded;

    /// <summary>Begins the exchange.</summary>
    public void Begin(bool isEnd, int headBytes)
    {
        BodyFraming framing = isEnd || _upgrade.Length > 0 ? BodyFraming.None : _length >= 0 ? new BodyFraming(BodyKind.Length, _length) : new BodyFraming(BodyKind.Chunked, -1);
        if (_upgrade.Equals("websocket", StringComparison.OrdinalIgnoreCase))
        {
            _key = WebSocketKey.Make();
            _slot!.Head.Fields.Set(WebSocketKey.Request, _key);
        }

        Exchange exchange = new(_server.Tunnel, this, _slot!.Head, framing, _upgrade);
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
    public bool Believes(FieldList consent) => _key is null || WebSocketKey.IsAnswered(consent, _key);

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

        if (framing.Kind == BodyKind.Upgraded)
        {
            SendConsent(fields);
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

    // 101 is 200 here, and from now on DATA is whatever the two sides speak (RFC 8441 section 5).
    private void SendConsent(FieldList fields)
    {
        fields.Remove(WebSocketKey.Answer);
        IsAnswered = _isUpgraded = true;
        int bytes = FieldBlock.Response(_server.Output, Id, 200, fields, -1, isEnd: false);
        if (_exchange is { } exchange)
        {
            exchange.Record.ResponseHeadBytes += bytes;
        }

        Read();
        if (_endIsHeld && !IsClosed)
        {
            OnReadEnd(null);
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
        _endIsHeld = IsHeldBack;
        if (!_endIsHeld)
        {
            _exchange?.OnRequestEnd(_isUpgraded ? null : trailers);
        }

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
