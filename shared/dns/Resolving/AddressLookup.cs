using Ambient.Dns.Messages;
using Ambient.Dns.Upstreams;
using Ambient.EventLoop;
using Ambient.Linux.Sockets;

namespace Ambient.Dns.Resolving;

/// <summary>
/// One question for the addresses of a name: both families at once, one name of the search list after the other until one has any. A server that fails is no
/// reason to look for the name somewhere else: it could be found there by accident. Loop-affine.
/// </summary>
public sealed class AddressLookup : LoopTimer, IUpstreamOwner
{
    /// <summary>More addresses than this are left out.</summary>
    public const int MaxAddresses = 128;

    private readonly Ambient.EventLoop.EventLoop _loop;
    private readonly SocketFactory _sockets;
    private readonly ResolverConfiguration _configuration;
    private readonly AddressFamilies _families;
    private readonly Action<AddressAnswer> _done;
    private readonly IReadOnlyList<string> _names;
    private readonly List<SocketAddress> _addresses = [];
    private readonly List<UpstreamQuery> _open = [];
    private int _next;
    private uint _seconds;
    private string? _failure;
    private AddressFamilies _missing;
    private bool _isDone;

    /// <param name="loop">The loop.</param>
    /// <param name="sockets">Where questions come from.</param>
    /// <param name="configuration">Who is asked.</param>
    /// <param name="names">Full names, in order; see <see cref="SearchList"/>.</param>
    /// <param name="families">Which addresses.</param>
    /// <param name="done">Told once, perhaps before <see cref="Start"/> returns.</param>
    public AddressLookup(Ambient.EventLoop.EventLoop loop, SocketFactory sockets, ResolverConfiguration configuration, IReadOnlyList<string> names, AddressFamilies families, Action<AddressAnswer> done) =>
        (_loop, _sockets, _configuration, _names, _families, _done) = (loop, sockets, configuration, names, families, done);

    /// <summary>Begins.</summary>
    /// <param name="limit">How long all of it may take.</param>
    public void Start(TimeSpan limit)
    {
        _loop.Timers.Schedule(this, _loop.NowMilliseconds + (long)limit.TotalMilliseconds);
        AskNext();
    }

    /// <summary>Ends without a word.</summary>
    public void Abandon()
    {
        _isDone = true;
        _loop.Timers.Cancel(this);
        _open.ForEach(static query => query.Abandon());
        _open.Clear();
    }

    /// <inheritdoc/>
    bool IUpstreamOwner.WantsWholeAnswer(UpstreamQuery query) => true;

    /// <inheritdoc/>
    void IUpstreamOwner.OnUpstreamAnswer(UpstreamQuery query, Span<byte> response)
    {
        DnsCode code = DnsResponse.Code(response);
        if (code is not (DnsCode.NoError or DnsCode.NameError))
        {
            Miss(query, $"the nameserver answered {code}");
        }
        else if (code == DnsCode.NoError)
        {
            if (DnsResponse.TryReadAddresses(response, query.Read.Type, MaxAddresses, _addresses, out uint seconds))
            {
                _seconds = Math.Min(_seconds, seconds);
            }
            else
            {
                Miss(query, "the nameserver's answer cannot be read");
            }
        }

        OnEnd(query);
    }

    /// <inheritdoc/>
    void IUpstreamOwner.OnUpstreamFailure(UpstreamQuery query, string reason)
    {
        Miss(query, reason);
        OnEnd(query);
    }

    /// <inheritdoc/>
    protected override void OnTimer()
    {
        // What one family has said already is good enough for now.
        _open.ForEach(query => Miss(query, "no nameserver answered in time"));
        Finish(_addresses.Count > 0 ? Found() : AddressAnswer.Failed("no nameserver answered in time"));
    }

    private void AskNext()
    {
        (_seconds, _failure, _missing) = (uint.MaxValue, null, AddressFamilies.None);
        string name = _names[_next++];
        List<UpstreamQuery> queries = [];
        foreach (ushort type in (ReadOnlySpan<ushort>)[DnsType.A, DnsType.Aaaa])
        {
            if ((_families & (type == DnsType.A ? AddressFamilies.IPv4 : AddressFamilies.IPv6)) != AddressFamilies.None)
            {
                byte[] space = new byte[DnsWire.MaxPlainUdp];
                int length = DnsQuestion.Write(space, name, type);
                if (length == 0 || !DnsQuery.TryRead(space.AsSpan(0, length), out DnsQuery read, out _))
                {
                    Finish(AddressAnswer.Failed("this is no name that could be asked for"));
                    return;
                }

                queries.Add(new UpstreamQuery(_loop, this, _sockets, _configuration, 0, space.AsSpan(0, length), read));
            }
        }

        // All of them are open before the first can end.
        _open.AddRange(queries);
        queries.ForEach(static query => query.Start());
        if (queries.Count == 0)
        {
            Finish(AddressAnswer.Failed("there is no family of addresses to ask for"));
        }
    }

    private void OnEnd(UpstreamQuery query)
    {
        _open.Remove(query);
        if (_open.Count > 0 || _isDone)
        {
            return;
        }

        if (_addresses.Count > 0)
        {
            Finish(Found());
        }
        else if (_failure is not null)
        {
            Finish(AddressAnswer.Failed(_failure));
        }
        else if (_next < _names.Count)
        {
            AskNext();
        }
        else
        {
            Finish(AddressAnswer.None);
        }
    }

    private void Miss(UpstreamQuery query, string why)
    {
        _failure = why;
        _missing |= query.Read.Type == DnsType.A ? AddressFamilies.IPv4 : AddressFamilies.IPv6;
    }

    private AddressAnswer Found() =>
        new(AddressOutcome.Found, [.. _addresses.Where(static address => address.IsIPv4), .. _addresses.Where(static address => !address.IsIPv4)], TimeSpan.FromSeconds(_seconds == uint.MaxValue ? 0 : _seconds), _failure ?? "")
        {
            Missing = _missing,
        };

    private void Finish(AddressAnswer answer)
    {
        if (!_isDone)
        {
            Abandon();
            _done(answer);
        }
    }
}
