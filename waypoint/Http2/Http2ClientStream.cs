using Ambient.Hbone.Frames;
using Ambient.Routing.Actions;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Http2;

/// <summary>A request to an endpoint in HTTP/2. Loop-affine.</summary>
internal sealed class Http2ClientStream(Http2Client client) : Http2Stream(client), IEndpointRequest
{
    private IResponseSink? _sink;
    private bool _isOpen;
    private bool _isSent;
    private bool _isHeadRequest;
    private bool _isConnect;
    private string? _key;
    private bool _wasKept;
    private long _sentAt;
    private long _framesWhenSent;

    /// <summary>Whether it asks for another protocol.</summary>
    public bool WantsUpgrade => _sink?.WantsUpgrade == true;

    /// <inheritdoc/>
    public bool WasStale { get; private set; }

    /// <inheritdoc/>
    protected override bool CanRead => _sink is null || _sink.CanTakeResponse;

    /// <inheritdoc/>
    public void Begin(IResponseSink sink)
    {
        _sink = sink;
        _wasKept = client.IsOpen;
        client.Begin(this);
    }

    /// <summary>The connection is there.</summary>
    public void OnOpened()
    {
        _isOpen = true;
        _sink?.OnConnected();
    }

    /// <summary>There will be no connection.</summary>
    public void OnNeverOpened(UpstreamFailure failure, string detail) => Fail(failure, detail);

    /// <inheritdoc/>
    public void SendHead(RequestHead head, BodyFraming framing, string upgrade)
    {
        if (IsClosed)
        {
            return;
        }

        _isSent = true;
        (_sentAt, _framesWhenSent) = (client.Loop.NowMilliseconds, client.FramesRead);
        if (upgrade.Length > 0)
        {
            _isConnect = true;
            _key = head.Fields.Text(WebSocketKey.Request);
            FieldBlock.Connect(client.Output, Id, head, upgrade.ToLowerInvariant());
            return;
        }

        _isHeadRequest = head.Method == "HEAD";
        bool isEnd = framing.Kind == BodyKind.None || framing is { Kind: BodyKind.Length, Length: 0 };
        FieldBlock.Request(client.Output, Id, head, isEnd);
        if (isEnd)
        {
            LocalEnded = true;
        }
    }

    /// <inheritdoc/>
    public void BecomePlain()
    {
    }

    /// <inheritdoc/>
    public void ResumeResponse() => Read();

    /// <inheritdoc/>
    public void Abandon(string detail)
    {
        _sink = null;
        if (_isOpen)
        {
            bool isSilent = _isSent && client.FramesRead == _framesWhenSent && client.Loop.NowMilliseconds - _sentAt >= WaitingTimes.DoubtfulSilence;

            // A stream that never had a head does not exist for the endpoint.
            Close(_isSent ? Http2Error.Cancel : null);
            if (isSilent)
            {
                client.Doubt();
            }
        }
        else
        {
            client.Abandon(this);
        }
    }

    /// <summary>A head arrived, an interim one perhaps.</summary>
    public void OnHead(ResponseHead head, long length, bool isEnd)
    {
        IResponseSink? sink = _sink;
        if (head.Status is < 200 or 204)
        {
            // RFC 9110 section 8.6.
            head.Fields.Remove("content-length");
        }

        if (head.Status < 200)
        {
            sink?.OnResponseHead(head, BodyFraming.None);
            return;
        }

        IsHeadRead = true;
        IsAnswered = true;
        if (_isConnect && head.Status < 300)
        {
            OnConsent(head, isEnd);
            return;
        }

        bool hasNoBody = _isHeadRequest || head.Status is 204 or 304;
        if (!hasNoBody)
        {
            Expect(length);
            if (length == 0 && !isEnd)
            {
                // Fields may follow, so the end is not known yet: to others it is a body of unknown length.
                head.Fields.Remove("content-length");
            }
        }

        if (isEnd && !IsWholeByCount)
        {
            Close(Http2Error.ProtocolError);
            Fail(UpstreamFailure.ProtocolError, "an answer without the body that its content-length promises");
            return;
        }

        BodyFraming framing = hasNoBody ? BodyFraming.None
            : isEnd ? new BodyFraming(BodyKind.Length, 0)
            : length > 0 ? new BodyFraming(BodyKind.Length, length)
            : new BodyFraming(BodyKind.Chunked, -1);
        sink?.OnResponseHead(head, framing);
        if (IsClosed)
        {
            return;
        }

        if (isEnd)
        {
            TakeEnd(null);
        }
        else if (hasNoBody)
        {
            // Such an answer ends with its head, whether the endpoint says so at once or later, or never.
            EndWithHead();
        }
    }

    // To everybody else it is what HTTP/1.1 says: 101, with an answer to the key.
    private void OnConsent(ResponseHead head, bool isEnd)
    {
        head.Status = 101;
        head.Fields.Remove("content-length");
        if (_key is not null)
        {
            head.Fields.Set(WebSocketKey.Answer, WebSocketKey.Accept(_key));
        }

        _sink?.OnResponseHead(head, new BodyFraming(BodyKind.Upgraded, -1));
        if (isEnd && !IsClosed)
        {
            TakeEnd(null);
        }
    }

    private void EndWithHead()
    {
        IResponseSink? sink = _sink;
        _sink = null;
        Close(Http2Error.Cancel);
        sink?.OnResponseEnd(null);
    }

    /// <inheritdoc/>
    protected override void OnRead(ReadOnlySpan<byte> data) => _sink?.OnResponseData(data);

    /// <inheritdoc/>
    protected override void OnReadEnd(FieldList? trailers)
    {
        IResponseSink? sink = _sink;
        _sink = null;
        Close(LocalEnded ? null : Http2Error.NoError);
        sink?.OnResponseEnd(trailers);
    }

    /// <inheritdoc/>
    protected override void OnLocalEnded()
    {
    }

    /// <inheritdoc/>
    protected override void OnRoom() => _sink?.OnServerDrained();

    /// <inheritdoc/>
    protected override void OnLost(Http2Error code, bool isByPeer, string detail)
    {
        UpstreamFailure failure = code switch
        {
            Http2Error.RefusedStream => UpstreamFailure.Refused,
            _ when isByPeer => UpstreamFailure.Reset,
            Http2Error.Cancel => _isSent ? UpstreamFailure.ConnectionClosed : UpstreamFailure.ResetBeforeRequest,
            _ => UpstreamFailure.ProtocolError,
        };

        // A kept connection that closed in the moment it was used again.
        WasStale = _wasKept && !IsHeadRead && failure == UpstreamFailure.ConnectionClosed;
        Fail(failure, detail);
    }

    private void Fail(UpstreamFailure failure, string? detail)
    {
        IResponseSink? sink = _sink;
        _sink = null;
        sink?.OnFailed(failure, detail);
    }
}
