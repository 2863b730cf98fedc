using Ambient.Mesh.Connections;
using Ambient.Routing.Actions;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Http;

/// <summary>A connection to an endpoint in HTTP/1.1: one request at a time, kept while both sides want to. Loop-affine.</summary>
internal sealed class Http1Client(ClientPool pool) : IEndpointRequest, IPipeOwner
{
    private readonly ResponseHead _head = new();
    private Pipe _pipe = null!;
    private IResponseSink? _sink;
    private BodyReader _body;
    private BodyKind _requestKind;
    private HeadBuffer _partial;
    private bool _isOpen;
    private bool _isHeadRead;
    private bool _isRequestEnded;
    private bool _hasResponseBytes;
    private bool _mayStay;
    private bool _isHeadRequest;
    private bool _hasSent;

    /// <summary>Requests so far.</summary>
    public int Requests { get; private set; }

    /// <summary>Whether nothing more should be written for now.</summary>
    public bool IsFull => _pipe.IsFull;

    /// <summary>When it became idle, milliseconds of the loop.</summary>
    public long IdleSince { get; set; }

    /// <summary>When it was made, milliseconds of the loop.</summary>
    public long Begun { get; init; }

    /// <summary>Whether its request counts among those that wait.</summary>
    public bool IsCountedAsWaiting { get; set; }

    /// <summary>Ends it when connecting takes too long; null when nothing was said.</summary>
    public ConnectLimit? Limit { get; set; }

    /// <summary>Sets the pipe, once.</summary>
    public void Use(Pipe pipe) => _pipe = pipe;

    /// <summary>Takes the connection for one request; <see cref="IResponseSink.OnConnected"/> follows now or later.</summary>
    public void Begin(IResponseSink sink)
    {
        _sink = sink;
        (_isHeadRead, _isRequestEnded, _hasResponseBytes, _mayStay, _hasSent) = (false, false, false, true, false);
        Requests++;
        if (_isOpen)
        {
            sink.OnConnected();
        }
        else
        {
            pool.Dial(this, _pipe);
        }
    }

    /// <summary>Writes the head of the request.</summary>
    public void SendHead(RequestHead head, BodyFraming framing, string upgrade)
    {
        _hasSent = true;
        _requestKind = framing.Kind;
        _isHeadRequest = head.Method == "HEAD";
        HeadWriter.Request(_pipe, head, framing, upgrade);
    }

    /// <summary>Writes a part of the body.</summary>
    public void SendData(ReadOnlySpan<byte> data) => HeadWriter.Data(_pipe, data, _requestKind);

    /// <summary>The request is whole.</summary>
    public void SendEnd(FieldList? trailers)
    {
        if (_requestKind == BodyKind.Upgraded)
        {
            _pipe.Finish();
            return;
        }

        HeadWriter.End(_pipe, _requestKind, trailers);
        _isRequestEnded = true;
        ReleaseIfDone();
    }

    /// <summary>The upgrade was accepted: from now on everything is plain bytes.</summary>
    public void BecomePlain() => _requestKind = BodyKind.Upgraded;

    /// <summary>The sink can take more.</summary>
    public void ResumeResponse() => _pipe.ResumeInput();

    /// <summary>Ends the connection; the sink is not told.</summary>
    public void Abandon(string detail)
    {
        _sink = null;
        _pipe.Abort(detail);
    }

    /// <inheritdoc/>
    public void OnOpened()
    {
        _isOpen = true;
        pool.OnDialled(this);
        if (_sink is null)
        {
            // Given up while it came about.
            _pipe.Abort("nobody waits for it any more");
            return;
        }

        _sink.OnConnected();
    }

    /// <summary>Connecting is over.</summary>
    public void CancelLimit()
    {
        if (Limit is { IsScheduled: true } limit)
        {
            _pipe.Loop.Timers.Cancel(limit);
        }
    }

    /// <summary>Connecting took too long.</summary>
    public void OnConnectTimeout()
    {
        if (!_isOpen)
        {
            Fail(UpstreamFailure.ConnectTimeout, "connecting took too long");
            _pipe.Abort("connecting took too long");
        }
    }

    /// <inheritdoc/>
    public int OnInput(ReadOnlySpan<byte> bytes)
    {
        int used = 0;
        while (used < bytes.Length && _sink is { } sink)
        {
            _hasResponseBytes = true;
            int step = _isHeadRead ? ReadBody(bytes[used..], sink) : ReadHead(bytes[used..], sink);
            used += step;
            if (step == 0)
            {
                return used;
            }

            if (_sink != sink)
            {
                // The answer is whole. Perhaps a request that waited has the connection by now: what else is here is not its answer.
                break;
            }
        }

        if (used < bytes.Length)
        {
            // Bytes that no request asked for: whatever they are, they must not become somebody's answer.
            _pipe.Abort("bytes without a request");
            return bytes.Length;
        }

        return used;
    }

    /// <inheritdoc/>
    public void OnInputEnded()
    {
        if (_sink is null || !_isHeadRead || !_body.EndOfConnection())
        {
            if (_isHeadRead && _requestKind == BodyKind.Upgraded)
            {
                // The end of what it has to say is the end of it all: nobody would hear what else the client says.
                IResponseSink? sink = _sink;
                _sink = null;
                sink?.OnResponseEnd(null);
                _pipe.Finish();
                return;
            }

            Fail(UpstreamFailure.ConnectionClosed, "the endpoint closed the connection");
            _pipe.Abort("closed by the endpoint");
            return;
        }

        _mayStay = false;
        EndResponse();
    }

    /// <inheritdoc/>
    public void OnOutputDrained() => _sink?.OnServerDrained();

    /// <inheritdoc/>
    public void OnClosed(CloseReason reason, string? detail)
    {
        pool.Forget(this);
        UpstreamFailure failure = !_isOpen ? (reason == CloseReason.ConnectTimeout ? UpstreamFailure.ConnectTimeout : UpstreamFailure.ConnectFailed)
            : !_hasSent ? UpstreamFailure.ResetBeforeRequest
            : UpstreamFailure.ConnectionClosed;
        Fail(failure, detail ?? reason.ToString());
    }

    /// <summary>Whether the endpoint closed a kept connection before it can have seen this request.</summary>
    public bool WasStale => Requests > 1 && !_hasResponseBytes;

    private int ReadHead(ReadOnlySpan<byte> bytes, IResponseSink sink)
    {
        int before = _partial.Length;
        ReadOnlySpan<byte> text = bytes;
        if (before > 0)
        {
            if (!_partial.Add(bytes))
            {
                return bytes.Length;
            }

            text = _partial.Text;
        }

        ParseStatus status = ResponseParser.Read(text, _isHeadRequest, _head, out int consumed, out BodyFraming framing, out bool isHttp11);
        if (status == ParseStatus.Incomplete)
        {
            if (before == 0)
            {
                _partial.Add(bytes);
            }

            return bytes.Length;
        }

        _partial.Clear();
        if (status == ParseStatus.Bad)
        {
            Fail(UpstreamFailure.ProtocolError, "the endpoint's answer is not HTTP");
            _pipe.Abort("bad response");
            return bytes.Length;
        }

        HopFields.Remove(_head.Fields, out bool closes, out bool keepsAlive, out _);
        _mayStay &= !closes && (isHttp11 || keepsAlive) && framing.Kind is not (BodyKind.UntilClose or BodyKind.Upgraded);
        _isHeadRead = _head.Status >= 200 || framing.Kind == BodyKind.Upgraded;
        _body = BodyReader.Of(framing);
        sink.OnResponseHead(_head, framing);
        if (_isHeadRead && _body.IsComplete && _sink == sink)
        {
            EndResponse();
        }

        return consumed - before;
    }

    private int ReadBody(ReadOnlySpan<byte> bytes, IResponseSink sink)
    {
        if (!sink.CanTakeResponse)
        {
            return 0;
        }

        int used = _body.Read(bytes, out ReadOnlySpan<byte> data);
        if (_body.IsBad)
        {
            Fail(UpstreamFailure.ProtocolError, "malformed chunk");
            _pipe.Abort("malformed chunk");
            return bytes.Length;
        }

        if (data.Length > 0)
        {
            sink.OnResponseData(data);
        }

        if (_body.IsComplete && _sink == sink)
        {
            EndResponse();
        }

        return used;
    }

    private void EndResponse()
    {
        IResponseSink sink = _sink!;
        FieldList? trailers = _body.Trailers;
        if (!_isRequestEnded)
        {
            // Answered before it was asked to the end: what is left of the request must not become the next one.
            _mayStay = false;
        }

        _sink = null;
        sink.OnResponseEnd(trailers);
        ReleaseIfDone();
    }

    private void ReleaseIfDone()
    {
        if (_sink is not null || _pipe.IsClosed)
        {
            return;
        }

        if (_mayStay && _isRequestEnded && _isHeadRead)
        {
            pool.Release(this);
        }
        else
        {
            _pipe.Abort("not kept");
        }
    }

    private void Fail(UpstreamFailure failure, string? detail)
    {
        IResponseSink? sink = _sink;
        _sink = null;
        sink?.OnFailed(failure, detail);
    }
}
