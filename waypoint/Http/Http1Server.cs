using Ambient.Mesh.Connections;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Http;

/// <summary>A client's HTTP/1.1 connection: one request after the other. Loop-affine.</summary>
/// <remarks>
/// Head → Body → Answering → Head; Answering also while the body is still coming. A pipelined request stays where it is, untouched, until the
/// one before it is answered. After an upgrade both directions are plain bytes.
/// </remarks>
internal sealed class Http1Server(InboundTunnel tunnel, Pipe pipe) : IHttpConnection, IRequestSource
{
    private const string Departed = "the client has left";

    private readonly RequestHead _head = new();
    private readonly FieldList _answer = new();
    private Phase _phase = Phase.Head;
    private HeadBuffer _partial;
    private BodyReader _body;
    private Exchange? _exchange;
    private CloseWatch? _closing;
    private ClientLimit? _linger;
    private ClientLimit? _departure;
    private bool _closes;
    private bool _isHeadSent;
    private bool _isAnswered;
    private BodyKind _responseKind;

    private enum Phase
    {
        Head,
        Body,
        Answering,
        Upgraded,
        Closed,
    }

    /// <inheritdoc/>
    public string Protocol => "HTTP/1.1";

    /// <inheritdoc/>
    public HttpActivity Activity => _phase switch
    {
        Phase.Head => _partial.Length > 0 ? HttpActivity.Head : HttpActivity.Idle,
        Phase.Closed => HttpActivity.Closing,
        _ => HttpActivity.Busy,
    };

    /// <inheritdoc/>
    public long Heads { get; private set; }

    /// <inheritdoc/>
    public RequestFacts Facts => tunnel.Facts;

    /// <inheritdoc/>
    public FieldList Answer => _answer;

    /// <inheritdoc/>
    public bool IsFull => pipe.IsFull;

    /// <inheritdoc/>
    public void OnOpened()
    {
    }

    /// <inheritdoc/>
    public int OnInput(ReadOnlySpan<byte> bytes)
    {
        int used = 0;
        while (used < bytes.Length)
        {
            int step = _phase switch
            {
                // Answers of our own, and those without a body, ask nobody for room: who does not read them may not ask for more.
                Phase.Head => pipe.IsFull ? 0 : ReadHead(bytes[used..]),
                Phase.Body or Phase.Upgraded => ReadBody(bytes[used..]),
                Phase.Closed => bytes.Length - used,
                _ => 0,
            };
            used += step;
            if (step == 0)
            {
                break;
            }
        }

        return used;
    }

    /// <inheritdoc/>
    public void OnInputEnded()
    {
        switch (_phase)
        {
            case Phase.Head when _partial.Length == 0:
                Close();
                break;
            case Phase.Upgraded:
                _exchange?.OnRequestEnd(null);
                break;
            case Phase.Answering:
                // The client has said all it wants to say and still listens; or it has left, which looks the same from here.
                _closes = true;
                WaitForAnswer();
                break;
            case Phase.Closed:
                // The last answer may still wait to be sent.
                break;
            case Phase.Body when _isAnswered:
                // It was told the outcome early, and has taken the hint.
                Close();
                break;
            default:
                // It stopped in the middle of a message.
                Abandon("the client ended in the middle of a request");
                pipe.Abort("incomplete request");
                break;
        }
    }

    /// <inheritdoc/>
    public void OnOutputDrained()
    {
        _exchange?.OnClientDrained();
        pipe.ResumeInput();
    }

    /// <inheritdoc/>
    public void OnClosed(CloseReason reason, string? detail)
    {
        _closing?.Stop();
        Cancel(_linger);
        Cancel(_departure);
        Abandon(detail ?? reason.ToString());
        tunnel.OnEnded(reason, detail);
    }

    /// <summary>The exchange can take more of the request.</summary>
    public void ResumeBody() => pipe.ResumeInput();

    /// <inheritdoc/>
    public bool Believes(FieldList consent) => true;

    /// <summary>An informational response.</summary>
    public void SendInterim(int status, FieldList fields) => HeadWriter.Response(pipe, status, fields, BodyFraming.None, closes: false, "");

    /// <summary>The head of the answer. A body of unknown length is sent in chunks.</summary>
    public void SendHead(int status, FieldList fields, BodyFraming framing, string upgrade = "")
    {
        _isHeadSent = true;
        Cancel(_departure);

        // What has not been read of the request would be taken for the next one.
        _closes |= _phase == Phase.Body && _exchange?.IsForwarding != true;
        _responseKind = framing.Kind == BodyKind.UntilClose ? BodyKind.Chunked : framing.Kind;
        int length = HeadWriter.Response(pipe, status, fields, framing with { Kind = _responseKind }, _closes || tunnel.IsDraining, upgrade);
        if (_exchange is { } exchange)
        {
            exchange.Record.ResponseHeadBytes += length;
        }

        _closes |= tunnel.IsDraining;
        if (framing.Kind == BodyKind.Upgraded)
        {
            _phase = Phase.Upgraded;
            _body = BodyReader.Of(framing);
            pipe.ResumeInput();
        }
    }

    /// <summary>A part of the answer's body.</summary>
    public void SendData(ReadOnlySpan<byte> data) => HeadWriter.Data(pipe, data, _responseKind);

    /// <summary>The answer is whole.</summary>
    public void SendEnd(FieldList? trailers)
    {
        if (_phase == Phase.Upgraded)
        {
            Finish();
            return;
        }

        HeadWriter.End(pipe, _responseKind, trailers);
        _isAnswered = true;
        NextIfDone();
    }

    /// <summary>The answer cannot be completed: the client must not take it for whole.</summary>
    public void Reset(string detail)
    {
        Cancel(_departure);
        _exchange = null;
        _phase = Phase.Closed;
        pipe.Abort(detail);
    }

    /// <summary>No further request: an idle connection ends now, a busy one after its answer.</summary>
    public void Drain()
    {
        _closes = true;
        if (_phase == Phase.Head && _partial.Length == 0)
        {
            Close();
        }
    }

    /// <inheritdoc/>
    public void OnSlowHead()
    {
        _isAnswered = false;
        Refuse(new HttpError(408, "request_header_timeout"));
    }

    private int ReadHead(ReadOnlySpan<byte> bytes)
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

        ParseStatus status = RequestParser.Read(text, _head, out int consumed, out BodyFraming framing, out bool isHttp11, out HttpError error);
        if (status == ParseStatus.Incomplete)
        {
            if (before == 0)
            {
                _partial.Add(bytes);
            }

            return bytes.Length;
        }

        _partial.Clear();
        if (status == ParseStatus.Bad || !isHttp11)
        {
            Refuse(status == ParseStatus.Bad ? error : new HttpError(426, "low_version"));
            return bytes.Length;
        }

        Begin(framing, consumed);
        return consumed - before;
    }

    private void Begin(BodyFraming framing, int headBytes)
    {
        HopFields.Remove(_head.Fields, out bool closes, out _, out string upgrade);
        _closes |= closes;
        _isHeadSent = _isAnswered = false;
        Heads++;
        _body = BodyReader.Of(framing);
        _phase = _body.IsComplete ? Phase.Answering : Phase.Body;
        _answer.Clear();
        _exchange = new Exchange(tunnel, this, _head, framing, upgrade);
        _exchange.Record.RequestHeadBytes = headBytes;
        _exchange.Start();
    }

    private int ReadBody(ReadOnlySpan<byte> bytes)
    {
        if (_exchange is { } exchange && !exchange.CanTakeBody)
        {
            return 0;
        }

        int used = _body.Read(bytes, out ReadOnlySpan<byte> data);
        if (_body.IsBad)
        {
            Abandon("malformed chunk");
            RefuseBody();
            return bytes.Length;
        }

        if (data.Length > 0)
        {
            _exchange?.OnRequestData(data);
        }

        if (_phase == Phase.Body && _body.IsComplete)
        {
            _phase = Phase.Answering;
            _exchange?.OnRequestEnd(_body.Trailers);
            NextIfDone();
        }

        return used;
    }

    private void NextIfDone()
    {
        if (!_isAnswered || _phase == Phase.Closed)
        {
            return;
        }

        if (_closes)
        {
            Close();
        }
        else if (_phase == Phase.Answering)
        {
            Cancel(_linger);
            _exchange = null;
            _phase = Phase.Head;
            pipe.ResumeInput();
        }
        else
        {
            // What is left of the body has been held back until now; nobody wants it, and behind it is the next request, or the end.
            _linger ??= new ClientLimit(Close);
            if (!_linger.IsScheduled)
            {
                pipe.Loop.Timers.Schedule(_linger, pipe.Loop.NowMilliseconds + WaitingTimes.Linger);
            }

            pipe.ResumeInput();
        }
    }

    private void Refuse(HttpError error)
    {
        if (_isAnswered || _phase == Phase.Closed)
        {
            return;
        }

        _phase = Phase.Closed;
        tunnel.Record.OnBadRequest(_head, error);
        FieldList fields = new();
        ReadOnlySpan<byte> body = error.Status == 400 ? "Bad Request"u8 : default;
        if (body.Length > 0)
        {
            fields.Add("content-type", "text/plain");
        }

        HeadWriter.Response(pipe, error.Status, fields, new BodyFraming(BodyKind.Length, body.Length), closes: true, "");
        pipe.Send(body);
        Finish();
        pipe.ResumeInput();
    }

    // Behind the head of an answer another one would be taken for a part of its body: the client must see that this one is not whole.
    private void RefuseBody()
    {
        if (!_isHeadSent)
        {
            Refuse(HttpError.Malformed("chunk"));
        }
        else if (_isAnswered)
        {
            Close();
        }
        else
        {
            Reset("malformed chunk");
        }
    }

    // An endpoint that never answers would keep the request of a client that has left: whoever still listens gets this long until its answer begins.
    private void WaitForAnswer()
    {
        if (_isHeadSent)
        {
            return;
        }

        _departure ??= new ClientLimit(OnDeparted);
        if (!_departure.IsScheduled)
        {
            pipe.Loop.Timers.Schedule(_departure, pipe.Loop.NowMilliseconds + WaitingTimes.Departure);
        }
    }

    private void OnDeparted()
    {
        if (_phase == Phase.Answering && !_isHeadSent)
        {
            _phase = Phase.Closed;
            try
            {
                Abandon(Departed);
            }
            finally
            {
                pipe.Abort(Departed);
            }
        }
    }

    private void Cancel(ClientLimit? limit)
    {
        if (limit is { IsScheduled: true })
        {
            pipe.Loop.Timers.Cancel(limit);
        }
    }

    private void Abandon(string detail)
    {
        Exchange? exchange = _exchange;
        _exchange = null;
        exchange?.OnClientGone(detail);
    }

    private void Finish()
    {
        pipe.Finish();
        (_closing ??= new CloseWatch(pipe)).Start();
    }

    private void Close()
    {
        Cancel(_linger);
        Cancel(_departure);
        _exchange = null;
        _phase = Phase.Closed;
        Finish();

        // What was held back is thrown away, else the end behind it would never be seen.
        pipe.ResumeInput();
    }
}
