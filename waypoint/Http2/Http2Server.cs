using Ambient.Hbone.Frames;
using Ambient.Mesh.Connections;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Pipes;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Http2;

/// <summary>A client's HTTP/2 connection: many requests at a time. Loop-affine.</summary>
internal sealed class Http2Server : Http2Connection, IHttpConnection
{
    private const int MaxSpare = 16;

    private readonly InboundTunnel _tunnel;
    private readonly Stack<RequestSlot> _spare = new();
    private RequestSlot? _next;

    public Http2Server(InboundTunnel tunnel, Pipe pipe)
        : base(isClient: false, tunnel.Loop.Loop)
    {
        _tunnel = tunnel;
        Use(pipe);
        SendSettings();
    }

    /// <summary>The tunnel whose requests these are.</summary>
    public InboundTunnel Tunnel => _tunnel;

    /// <inheritdoc/>
    public HttpActivity Activity => IsOver ? HttpActivity.Closing : IsInHead ? HttpActivity.Head : ActiveStreams > 0 ? HttpActivity.Busy : HttpActivity.Idle;

    /// <inheritdoc/>
    public long Heads { get; private set; }

    /// <inheritdoc/>
    public override void OnOpened()
    {
    }

    /// <inheritdoc/>
    public void OnSlowHead() => Violation(Http2Error.EnhanceYourCalm, "a header block took too long");

    /// <summary>A request's place is free again.</summary>
    public void Return(RequestSlot slot)
    {
        if (_spare.Count < MaxSpare)
        {
            _spare.Push(slot);
        }
    }

    /// <inheritdoc/>
    protected override void OnGone(CloseReason reason, string? detail) => _tunnel.OnEnded(reason, detail);

    /// <inheritdoc/>
    protected override FieldList? HeadOf(Http2Stream? stream)
    {
        if (stream is not null)
        {
            return null;
        }

        if (_next is null && !_spare.TryPop(out _next))
        {
            _next = new RequestSlot(_tunnel.Facts);
        }

        _next.Head.Clear();
        _next.Answer.Clear();
        return _next.Head.Fields;
    }

    /// <inheritdoc/>
    protected override void OnHead(int streamId, Http2Stream? stream, bool isEnd, bool isTooLarge)
    {
        Heads++;
        bool isLate = IsLeaving && !TakesLateStreams;
        if (isLate || ActiveStreams >= Http2Limits.MaxStreams)
        {
            // Not processed at all: the client may try elsewhere.
            RefuseNew(streamId, Http2Error.RefusedStream);
            return;
        }

        RequestHead head = _next!.Head;
        if (!TryRequest(head, out HttpError error))
        {
            _tunnel.Record.OnBadRequest(head, error);
            RefuseNew(streamId, Http2Error.ProtocolError);
            return;
        }

        if (isEnd && Fields.ContentLength > 0)
        {
            _tunnel.Record.OnBadRequest(head, HttpError.Malformed("content-length"));
            RefuseNew(streamId, Http2Error.ProtocolError);
            return;
        }

        RequestSlot slot = _next;
        _next = null;
        Http2ServerStream request = new(this, slot, Fields.ContentLength, Fields.Protocol);
        Add(request, streamId);
        if (isTooLarge || Fields.HasTooMany)
        {
            request.Refuse(new HttpError(431, isTooLarge ? "http2.headers_too_large" : "http2.too_many_headers"), isEnd);
        }
        else if (head.Authority.Length == 0)
        {
            request.Refuse(new HttpError(400, "missing_host_header"), isEnd);
        }
        else
        {
            request.Begin(isEnd, BlockBytes);
        }
    }

    /// <inheritdoc/>
    protected override void OnForgotten() => EarnStream();

    // RFC 9113 section 8.3.1; what HTTP/1.1 would read differently is refused here, not left to an endpoint.
    private bool TryRequest(RequestHead head, out HttpError error)
    {
        // CONNECT for another protocol is GET with Upgrade to everybody behind us, policies included (RFC 8441 section 5).
        bool isUpgrade = Fields.Protocol is not null;
        head.Method = isUpgrade ? "GET" : Fields.Method ?? "";
        head.Scheme = Fields.Scheme ?? "http";
        head.Authority = Fields.Authority ?? "";
        string? what = Fields.Defect is not null ? "field"
            : Fields.Method is null || Fields.Status != 0 || (isUpgrade && Fields.Method != "CONNECT") ? "pseudo-header"
            : isUpgrade && (Fields.ContentLength >= 0 || Fields.Authority is null || Fields.Path is not ['/', ..]) ? "CONNECT"
            : Fields.Method == "CONNECT" && !isUpgrade ? (Fields.Scheme is not null || Fields.Path is not null || Fields.Authority is null ? "pseudo-header" : null)
            : Fields.Scheme is null || Fields.Path is null ? "pseudo-header"
            : Fields.Path[0] == '/' || (Fields.Path == "*" && Fields.Method == "OPTIONS") ? null : "target";
        what ??= HostDefect(head);
        if (what is not null)
        {
            error = HttpError.Malformed(what);
            return false;
        }

        head.SetTarget(Fields.Path is null ? "/" : Fields.Path == "*" ? "/*" : Fields.Path);
        error = default;
        return true;
    }

    private string? HostDefect(RequestHead head)
    {
        int host = head.Fields.Find("host");
        if (host >= 0)
        {
            if (head.Fields.Find("host", host + 1) >= 0 || (Fields.Authority is not null && !head.Fields.Value(host).Equals(Fields.Authority, StringComparison.OrdinalIgnoreCase)))
            {
                return "host";
            }

            head.Authority = head.Fields.Value(host).ToString();
            head.Fields.Remove("host");
        }

        return head.Authority.Length == 0 || RequestParser.IsAuthority(head.Authority) ? null : "host";
    }
}
