using Ambient.Mesh.Connections;
using Ambient.Routing.Actions;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Http;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Http2;

/// <summary>A connection to an endpoint in HTTP/2: as many requests at a time as it lets us. Loop-affine.</summary>
internal sealed class Http2Client(Http2Pool pool, EventLoop.EventLoop loop) : Http2Connection(isClient: true, loop)
{
    private const ulong LifePing = 0x616d_6269_656e_7422;
    private const int MaxStreamId = 0x3fff_fff0;

    private readonly List<Http2ClientStream> _waitingForOpen = [];
    private readonly ResponseHead _head = new();
    private bool _isDialled;
    private SilenceWatch? _watch;
    private bool _isOpen;
    private bool _isLate;
    private ConnectLimit? _settingsLimit;

    /// <summary>Whether the connection is there.</summary>
    public bool IsOpen => _isOpen;

    /// <summary>Ends it when connecting takes too long; null when nothing was said.</summary>
    public ConnectLimit? Limit { get; set; }

    /// <summary>Requests so far.</summary>
    public int Requests { get; private set; }

    /// <summary>When it became idle, milliseconds of the loop.</summary>
    public long IdleSince { get; private set; } = loop.NowMilliseconds;

    /// <summary>Whether it is there, may be used, and has nothing to do.</summary>
    public bool IsIdle => _isOpen && !IsLeaving && !IsOver && ActiveStreams == 0 && _waitingForOpen.Count == 0;

    /// <summary>Requests that wait for the connection.</summary>
    public int WaitingStreams => _waitingForOpen.Count;

    /// <summary>Whether another request may be sent.</summary>
    public bool CanOpen => !IsLeaving && !IsOver && NextStreamId < MaxStreamId && ActiveStreams + _waitingForOpen.Count < PeerMaxStreams;

    /// <summary>Takes a request; it hears when it can write.</summary>
    public void Begin(Http2ClientStream stream)
    {
        Requests++;
        if (MayOpen(stream))
        {
            Open(stream);
            return;
        }

        _waitingForOpen.Add(stream);
        if (!_isDialled)
        {
            _isDialled = true;
            pool.Dial(this, Pipe);
        }
    }

    /// <summary>A request that still waits is given up.</summary>
    public void Abandon(Http2ClientStream stream)
    {
        _waitingForOpen.Remove(stream);
        TellIfIdle();
    }

    /// <summary>Has the pool end it in time when it has nothing to do.</summary>
    public void TellIfIdle()
    {
        if (IsIdle)
        {
            pool.OnIdle(this);
        }
    }

    /// <inheritdoc/>
    public override void OnOpened()
    {
        _isOpen = true;
        CancelLimit();
        Pipe.Send(Preface);
        SendSettings();
        if (!IsOver)
        {
            _settingsLimit = new ConnectLimit(OnSettingsTimeout);
            Loop.Timers.Schedule(_settingsLimit, Loop.NowMilliseconds + WaitingTimes.Settings);
        }

        OpenWaiting();
        TellIfIdle();
    }

    /// <inheritdoc/>
    public override void OnInputEnded()
    {
        pool.Forget(this);
        FailWaiting(UpstreamFailure.UpgradeNotTaken, "the endpoint ended the connection");
        base.OnInputEnded();
    }

    /// <inheritdoc/>
    protected override void OnPeerKnown()
    {
        Cancel(_settingsLimit);
        OpenWaiting();
        TellIfIdle();
    }

    /// <inheritdoc/>
    protected override void OnViolated(string what) => FailWaiting(UpstreamFailure.UpgradeNotTaken, what);

    /// <inheritdoc/>
    protected override void OnGoAway()
    {
        pool.Forget(this);
        FailWaiting(UpstreamFailure.Refused, "the endpoint went away");
    }

    /// <inheritdoc/>
    protected override void OnForgotten()
    {
        IdleSince = Loop.NowMilliseconds;
        EarnStream();
        TellIfIdle();
    }

    /// <inheritdoc/>
    protected override void OnGone(CloseReason reason, string? detail)
    {
        _watch?.Stop();
        Cancel(_settingsLimit);
        CancelLimit();
        pool.Forget(this);
        UpstreamFailure failure = _isOpen ? UpstreamFailure.UpgradeNotTaken
            : _isLate || reason == CloseReason.ConnectTimeout ? UpstreamFailure.ConnectTimeout
            : UpstreamFailure.ConnectFailed;
        FailWaiting(failure, detail ?? reason.ToString());
    }

    /// <inheritdoc/>
    protected override FieldList? HeadOf(Http2Stream? stream)
    {
        _head.Clear();
        return stream is null ? null : _head.Fields;
    }

    /// <inheritdoc/>
    protected override void OnHead(int streamId, Http2Stream? stream, bool isEnd, bool isTooLarge)
    {
        Http2ClientStream answered = (Http2ClientStream)stream!;
        bool isBad = isTooLarge || Fields.HasTooMany || Fields.Defect is not null || Fields.Status is < 100 or 101
            || Fields.Method is not null || Fields.Path is not null || Fields.Scheme is not null || Fields.Authority is not null || Fields.Protocol is not null;
        if (isBad || (Fields.Status < 200 && isEnd))
        {
            RefuseHead(answered, Fields.Defect ?? "a head that is no answer");
            return;
        }

        _head.Status = Fields.Status;
        answered.OnHead(_head, Fields.ContentLength, isEnd);
    }

    /// <summary>Connecting took too long.</summary>
    public void OnConnectTimeout()
    {
        if (!_isOpen)
        {
            _isLate = true;
            Pipe.Abort("connecting took too long");
        }
    }

    /// <summary>It has been silent for a whole request: new ones go elsewhere, those that it has may still be answered.</summary>
    public void Doubt()
    {
        pool.Forget(this);
        Drain();
    }

    /// <summary>Asks the endpoint for a sign of life.</summary>
    public void AskForLife() => SendPing(LifePing, ack: false);

    /// <summary>It gives none.</summary>
    public void OnDead()
    {
        pool.Forget(this);
        Pipe.Abort("the endpoint does not answer pings");
    }

    private void CancelLimit() => Cancel(Limit);

    private void Cancel(ConnectLimit? limit)
    {
        if (limit is { IsScheduled: true })
        {
            Loop.Timers.Cancel(limit);
        }
    }

    // Whoever waits to hear what it allows would wait for ever. Requests that it has already are looked after by the watch.
    private void OnSettingsTimeout()
    {
        if (!IsPeerKnown && !IsOver)
        {
            pool.Forget(this);
            FailWaiting(UpstreamFailure.ConnectTimeout, "the endpoint does not say what it allows");
            Drain();
        }
    }

    // Whether another protocol is taken is known once the endpoint has spoken (RFC 8441 section 3).
    private bool MayOpen(Http2ClientStream stream) => _isOpen && (IsPeerKnown || !stream.WantsUpgrade);

    private void OpenWaiting()
    {
        foreach (Http2ClientStream stream in _waitingForOpen.ToArray())
        {
            if (MayOpen(stream) && _waitingForOpen.Remove(stream))
            {
                try
                {
                    Open(stream);
                }
                catch (Exception defect)
                {
                    OnDefect(stream, defect);
                }
            }
        }
    }

    private void FailWaiting(UpstreamFailure failure, string detail)
    {
        foreach (Http2ClientStream stream in _waitingForOpen.ToArray())
        {
            if (_waitingForOpen.Remove(stream))
            {
                FailWaiting(stream, failure, detail);
            }
        }
    }

    private void FailWaiting(Http2ClientStream stream, UpstreamFailure failure, string detail)
    {
        // Only who asks for another protocol may get it in HTTP/1.1.
        bool isPlain = failure == UpstreamFailure.UpgradeNotTaken && !stream.WantsUpgrade;
        try
        {
            stream.OnNeverOpened(isPlain ? UpstreamFailure.ResetBeforeRequest : failure, detail);
        }
        catch (Exception defect)
        {
            OnDefect(stream, defect);
        }
    }

    private void Open(Http2ClientStream stream)
    {
        if (stream.WantsUpgrade && !PeerTakesUpgrades)
        {
            stream.OnNeverOpened(UpstreamFailure.UpgradeNotTaken, "the endpoint takes no other protocol in HTTP/2");
            return;
        }

        Add(stream, NextStreamId);
        NextStreamId += 2;
        stream.OnOpened();
        if (!IsOver)
        {
            (_watch ??= new SilenceWatch(this)).OnRequest();
        }
    }
}
