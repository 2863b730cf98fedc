using Ambient.Dns.Messages;
using Ambient.Dns.Upstreams;
using Ambient.EventLoop;
using Ambient.Linux.Sockets;
using Ambient.Ztunnel.Dns.Messages;
using Ambient.Ztunnel.Dns.Names;

namespace Ambient.Ztunnel.Dns.Serving;

/// <summary>
/// What happens to a query, whatever it came in by: answered from the model, forwarded, or refused (ztunnel.md 7). Loop-affine.
/// </summary>
internal sealed class DnsService : IUpstreamOwner
{
    /// <summary>How often a query of a pod that the model does not know yet looks again.</summary>
    private const long LookAgainMilliseconds = 50;

    private readonly Ambient.EventLoop.EventLoop _loop;
    private readonly SocketFactory _sockets;
    private readonly DnsSettings _settings;
    private readonly IDnsNames _names;
    private readonly IDnsObserver _observer;
    private readonly Dictionary<UpstreamQuery, (IDnsAsker Asker, DnsClient Client)> _forwarded = [];
    private readonly HashSet<WaitingQuery> _waiting = [];
    private int _nextServer;

    public DnsService(Ambient.EventLoop.EventLoop loop, SocketFactory sockets, DnsSettings settings, IDnsNames names, IDnsObserver observer) =>
        (_loop, _sockets, _settings, _names, _observer) = (loop, sockets, settings, names, observer);

    /// <summary>Queries that are not answered yet.</summary>
    public int Outstanding => _forwarded.Count + _waiting.Count;

    /// <summary>Called when nothing is outstanding any more.</summary>
    public Action? Idle { get; set; }

    /// <summary>Takes one query. <paramref name="space"/> is for the answer; the query's bytes are only used during the call.</summary>
    public void Handle(ReadOnlySpan<byte> message, IDnsOrigin origin, Span<byte> space)
    {
        if (!DnsQuery.TryRead(message, out DnsQuery query, out DnsCode error))
        {
            if (error != DnsCode.NoError)
            {
                int length = DnsReply.WriteEmpty(space, message, query, error, authoritative: false);
                origin.Reply(space[..length]);
            }

            return;
        }

        if (_names.FindClient() is { } client)
        {
            Decide(message, query, client, origin, origin, space);
        }
        else if (Outstanding >= _settings.MaxOutstanding)
        {
            Refuse(message, query, origin, space);
        }
        else
        {
            var waiting = new WaitingQuery(this, message.ToArray(), query, origin.Defer(), _loop.NowMilliseconds + (long)_settings.UnknownClientLimit.TotalMilliseconds);
            _waiting.Add(waiting);
            _loop.Timers.Schedule(waiting, _loop.NowMilliseconds + LookAgainMilliseconds);
        }
    }

    /// <summary>Gives everything up without answers.</summary>
    public void Abandon()
    {
        foreach (UpstreamQuery upstream in _forwarded.Keys)
        {
            upstream.Abandon();
        }

        foreach (WaitingQuery waiting in _waiting)
        {
            _loop.Timers.Cancel(waiting);
        }

        _forwarded.Clear();
        _waiting.Clear();
        Idle?.Invoke();
    }

    bool IUpstreamOwner.WantsWholeAnswer(UpstreamQuery query) =>
        _forwarded.TryGetValue(query, out (IDnsAsker Asker, DnsClient Client) entry) && !entry.Asker.IsUdp;

    void IUpstreamOwner.OnUpstreamAnswer(UpstreamQuery query, Span<byte> response)
    {
        if (!_forwarded.Remove(query, out (IDnsAsker Asker, DnsClient Client) entry))
        {
            return;
        }

        _nextServer = _settings.Resolver.Rotate ? query.Server + 1 : query.Server;
        DnsQuery read = query.Read;
        ObserveUpstream(query, entry, failed: false);
        _observer.OnAnswered(entry.Client, read.Type, read.Name, "forwarded", DnsResponse.AnswerCount(response));
        DnsReply.Adopt(response, read);
        if (entry.Asker.IsUdp && response.Length > read.UdpLimit)
        {
            Span<byte> cut = stackalloc byte[DnsWire.MaxPlainUdp];
            int length = DnsReply.WriteCut(cut, query.Query, read, DnsResponse.Code(response));
            entry.Asker.Reply(cut[..length]);
        }
        else
        {
            entry.Asker.Reply(response);
        }

        ReportIdle();
    }

    void IUpstreamOwner.OnUpstreamFailure(UpstreamQuery query, string reason)
    {
        if (!_forwarded.Remove(query, out (IDnsAsker Asker, DnsClient Client) entry))
        {
            return;
        }

        _nextServer = query.Server + 1;
        ObserveUpstream(query, entry, failed: true);
        _observer.OnAnswered(entry.Client, query.Read.Type, query.Read.Name, $"forwarding failed ({reason})", 0);
        Span<byte> space = stackalloc byte[DnsWire.MaxPlainUdp];
        Refuse(query.Query, query.Read, entry.Asker, space);
        ReportIdle();
    }

    private static void Refuse(ReadOnlySpan<byte> message, in DnsQuery query, IDnsAsker asker, Span<byte> space)
    {
        int length = DnsReply.WriteEmpty(space, message, query, DnsCode.ServerFailure, authoritative: false);
        asker.Reply(space[..length]);
    }

    /// <summary>With the client known: <paramref name="origin"/> is null when the query has been deferred already.</summary>
    private void Decide(ReadOnlySpan<byte> message, in DnsQuery query, DnsClient client, IDnsAsker asker, IDnsOrigin? origin, Span<byte> space)
    {
        _observer.OnRequest(client, query.Type, asker.IsUdp);
        DnsDecision decision = query.AsksForAddress && query.IsPlainName && query.Name.Length > 0
            ? _names.Decide(client, query.Name, query.Type == DnsType.Aaaa)
            : DnsDecision.Forward;
        if (!decision.IsServed)
        {
            Forward(message, query, client, asker, origin, space);
            return;
        }

        int limit = asker.IsUdp ? query.UdpLimit : DnsWire.MaxMessage;
        int length = DnsReply.WriteAddresses(space, limit, message, query, decision.Alias, decision.Addresses.Span, out _);
        string result = decision.Addresses.IsEmpty ? "no records" : "success";
        _observer.OnAnswered(client, query.Type, query.Name, result, decision.Alias is null ? 0 : 1);
        asker.Reply(space[..length]);
    }

    private void Forward(ReadOnlySpan<byte> message, in DnsQuery query, DnsClient client, IDnsAsker asker, IDnsOrigin? origin, Span<byte> space)
    {
        if (_forwarded.Count >= _settings.MaxOutstanding)
        {
            _observer.OnAnswered(client, query.Type, query.Name, "forwarding failed (too many outstanding queries)", 0);
            Refuse(message, query, asker, space);
            return;
        }

        var upstream = new UpstreamQuery(_loop, this, _sockets, _settings.Resolver, _nextServer, message, query);
        _forwarded.Add(upstream, (origin?.Defer() ?? asker, client));
        upstream.Start();
    }

    private void LookAgain(WaitingQuery waiting)
    {
        DnsClient? client = _names.FindClient();
        if (client is null && _loop.NowMilliseconds < waiting.Until)
        {
            _loop.Timers.Schedule(waiting, _loop.NowMilliseconds + LookAgainMilliseconds);
            return;
        }

        _waiting.Remove(waiting);
        byte[] space = new byte[DnsWire.MaxMessage];
        if (client is null)
        {
            Refuse(waiting.Message, waiting.Query, waiting.Asker, space);
        }
        else
        {
            Decide(waiting.Message, waiting.Query, client, waiting.Asker, null, space);
        }

        ReportIdle();
    }

    private void ObserveUpstream(UpstreamQuery query, in (IDnsAsker Asker, DnsClient Client) entry, bool failed) =>
        _observer.OnUpstream(entry.Client, query.Read.Type, entry.Asker.IsUdp, failed, TimeSpan.FromMilliseconds(_loop.NowMilliseconds - query.StartedAt));

    private void ReportIdle()
    {
        if (Outstanding == 0)
        {
            Idle?.Invoke();
        }
    }

    /// <summary>A query of a pod that the model does not know yet.</summary>
    private sealed class WaitingQuery(DnsService service, byte[] message, DnsQuery query, IDnsAsker asker, long until) : LoopTimer
    {
        public byte[] Message => message;

        public DnsQuery Query => query;

        public IDnsAsker Asker => asker;

        public long Until => until;

        protected override void OnTimer() => service.LookAgain(this);
    }
}
