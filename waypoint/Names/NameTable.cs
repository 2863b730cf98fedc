using System.Collections.Concurrent;
using Ambient.Dns.Resolving;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Addresses;

namespace Ambient.Waypoint.Names;

/// <summary>
/// The names of endpoints that only DNS knows (waypoint reference 2.5): asked for away from requests, again when the answers' time is over, by one loop for all. Who
/// cannot be asked changes nothing: the last answer counts until there is another. Addresses that lead to ourselves are no answers. Thread-safe.
/// </summary>
internal sealed class NameTable
{
    /// <summary>No name is asked for more often.</summary>
    public const long LeastMilliseconds = 1_000;

    /// <summary>None is believed for longer.</summary>
    public const long MostMilliseconds = 300_000;

    /// <summary>Names that nameservers are asked about at a time; others wait for their turn.</summary>
    public const int MaxLookups = 64;

    /// <summary>Of these, names that clients have chosen: slow ones of theirs keep no configured name from being asked for.</summary>
    public const int MaxChosenLookups = 32;

    /// <summary>How long a name that nobody uses is kept, in epochs.</summary>
    public const int KeptEpochs = 60;

    // A name waits so long for its turn at most, and whoever waits for the name.
    private const long TurnMilliseconds = 10_000;

    // A name that a client chose and does not use any more is not asked for.
    private const int OnDemandEpochs = 2;

    private const long UsualRefresh = 60_000;

    private readonly ConcurrentDictionary<string, ResolvedName> _names = new(StringComparer.Ordinal);
    private readonly EventLoop.EventLoop _loop;
    private readonly INameSource _source;
    private readonly Func<IpAddress, bool> _isOwn;
    private readonly Action<string, string> _say;
    private readonly LinkedList<ResolvedName> _configuredTurns = [];
    private readonly LinkedList<ResolvedName> _chosenTurns = [];
    private int _lookups;
    private int _chosenLookups;
    private bool _isServing;
    private int _epoch;
    private long _refresh = UsualRefresh;

    /// <param name="loop">Looks after the names.</param>
    /// <param name="source">Knows them.</param>
    /// <param name="families">Which addresses are of any use here.</param>
    /// <param name="isOwn">Which addresses are ours.</param>
    /// <param name="say">Told of names and what is different about them.</param>
    public NameTable(EventLoop.EventLoop loop, INameSource source, AddressFamilies families, Func<IpAddress, bool> isOwn, Action<string, string> say) =>
        (_loop, _source, Families, _isOwn, _say) = (loop, source, families, isOwn, say);

    /// <summary>Which addresses are of any use here.</summary>
    public AddressFamilies Families { get; }

    /// <summary>Counts up; what was not used for long is forgotten.</summary>
    public int Epoch => Volatile.Read(ref _epoch);

    /// <summary>After how long a name is asked for again of which nobody said how long it counts, or about which nobody could be asked (MeshConfig dnsRefreshRate).</summary>
    public long RefreshMilliseconds
    {
        get => Volatile.Read(ref _refresh);
        set => Volatile.Write(ref _refresh, value <= 0 ? UsualRefresh : Math.Max(LeastMilliseconds, value));
    }

    /// <summary>Those that are looked after.</summary>
    public ICollection<ResolvedName> All => _names.Values;

    /// <summary>Whether an address is ours.</summary>
    public bool IsOwn(IpAddress address) => _isOwn(address);

    /// <summary>Whether nobody may be led to an address by a name.</summary>
    public bool IsRefused(IpAddress address) => SpecialAddresses.Contains(address) || _isOwn(address);

    /// <summary>A name; one that is new is asked for at once.</summary>
    /// <param name="name">The name.</param>
    /// <param name="isOnDemand">Whether it is asked for again only while it is used: a client has chosen it.</param>
    public ResolvedName Get(string name, bool isOnDemand = false)
    {
        string key = name.ToLowerInvariant();
        if (!_names.TryGetValue(key, out ResolvedName? known))
        {
            ResolvedName added = new(this, key, isOnDemand);
            known = _names.GetOrAdd(key, added);
            if (ReferenceEquals(known, added))
            {
                _loop.Post(static state => ((ResolvedName)state!).Begin(), added);
            }
        }

        known.Touch();
        return known;
    }

    /// <summary>Asks for a name. On the loop of the names.</summary>
    public void Ask(ResolvedName name)
    {
        if (name.IsOnDemand && name.Answer is not null && Epoch - name.LastUsed > OnDemandEpochs)
        {
            Drop(name);
        }
        else if (name.Turn is not null)
        {
            // Whoever waits for it has waited long enough.
            EndTurn(name);
            Take(name, AddressAnswer.Failed("too many names are asked for at once"));
        }
        else if (!name.IsAsking && !name.IsDropped)
        {
            name.IsAsking = true;
            name.Turn = (name.IsOnDemand ? _chosenTurns : _configuredTurns).AddLast(name);
            _loop.Timers.Schedule(name, _loop.NowMilliseconds + TurnMilliseconds);
            ServeTurns();
        }
    }

    /// <summary>Does not ask for a name again, and not now if that waits for its turn. On the loop of the names.</summary>
    public void Cancel(ResolvedName name)
    {
        if (name.IsScheduled)
        {
            _loop.Timers.Cancel(name);
        }

        EndTurn(name);
    }

    /// <summary>Begins the next epoch: forgets what nobody has used for long. On the loop of the names.</summary>
    public void Sweep()
    {
        int now = Interlocked.Increment(ref _epoch);
        foreach (ResolvedName name in _names.Values)
        {
            if (now - name.LastUsed > KeptEpochs)
            {
                Drop(name);
            }
        }
    }

    /// <summary>Forgets a name.</summary>
    public void Drop(ResolvedName name)
    {
        if (_names.TryRemove(new KeyValuePair<string, ResolvedName>(name.Name, name)))
        {
            name.Drop();
            _loop.Post(static state => ((ResolvedName)state!).Stop(), name);
        }
    }

    /// <summary>When a name is asked for again that has this time to live.</summary>
    public long Delay(TimeSpan timeToLive) => timeToLive <= TimeSpan.Zero ? Math.Min(RefreshMilliseconds, MostMilliseconds)
        : Math.Clamp((long)timeToLive.TotalMilliseconds, LeastMilliseconds, MostMilliseconds);

    private void ServeTurns()
    {
        // A source may answer before it returns: then this goes on further out.
        if (_isServing)
        {
            return;
        }

        _isServing = true;
        try
        {
            while (_lookups < MaxLookups && (_configuredTurns.First ?? (_chosenLookups < MaxChosenLookups ? _chosenTurns.First : null)) is { } next)
            {
                ResolvedName name = next.Value;
                Cancel(name);
                AskSource(name);
            }
        }
        finally
        {
            _isServing = false;
        }
    }

    // A source that throws has answered: else its place would be taken for ever.
    private void AskSource(ResolvedName name)
    {
        bool isAnswered = false;
        _lookups++;
        _chosenLookups += name.IsOnDemand ? 1 : 0;
        try
        {
            _source.Ask(name.Name, Families, OnceAnswered);
        }
        catch (Exception defect) when (!isAnswered)
        {
            OnceAnswered(AddressAnswer.Failed($"asking for it failed: {defect.Message}"));
        }

        void OnceAnswered(AddressAnswer answer)
        {
            if (!isAnswered)
            {
                isAnswered = true;
                OnAnswer(name, answer);
            }
        }
    }

    private static void EndTurn(ResolvedName name)
    {
        name.Turn?.List?.Remove(name.Turn);
        name.Turn = null;
    }

    private void OnAnswer(ResolvedName name, AddressAnswer answer)
    {
        _lookups--;
        _chosenLookups -= name.IsOnDemand ? 1 : 0;
        try
        {
            Take(name, answer);
        }
        finally
        {
            ServeTurns();
        }
    }

    private void Take(ResolvedName name, AddressAnswer answer)
    {
        name.IsAsking = false;
        if (name.IsDropped)
        {
            return;
        }

        NameAnswer? before = name.Answer;
        NameAnswer now = answer.Outcome switch
        {
            AddressOutcome.Found => Usable(name, answer, before),
            AddressOutcome.None => NameAnswer.Nothing(answer.Reason),

            // Nobody knows better: the last answer stays.
            _ => before is { Addresses.Length: > 0 } ? before : NameAnswer.Nothing(answer.Reason),
        };
        bool isGood = answer is { Outcome: AddressOutcome.Found, Missing: AddressFamilies.None } && now.Addresses.Length > 0;
        Report(name, now, isGood, answer);
        name.Failures = isGood ? 0 : Math.Min(name.Failures + 1, 30);
        if (!ReferenceEquals(before, now))
        {
            name.Set(now);
        }

        // What has no answer may have one soon, so it is asked for more and more seldom.
        long delay = isGood ? 0 : Math.Min(RefreshMilliseconds, LeastMilliseconds << Math.Min(name.Failures - 1, 16));
        delay = isGood ? Delay(answer.TimeToLive) : answer.Outcome == AddressOutcome.Found && now.Addresses.Length > 0 ? Math.Min(delay, Delay(answer.TimeToLive)) : delay;
        _loop.Timers.Schedule(name, _loop.NowMilliseconds + delay);
    }

    private NameAnswer Usable(ResolvedName name, AddressAnswer answer, NameAnswer? before)
    {
        List<IpAddress> usable = [];
        Span<byte> bytes = stackalloc byte[16];
        foreach (SocketAddress address in answer.Addresses)
        {
            IpAddress candidate = IpAddress.From(bytes[..address.WriteAddressBytes(bytes)]);
            if (!IsRefused(candidate))
            {
                usable.Add(candidate);
            }
        }

        if (usable.Count < answer.Addresses.Count && name.Failures == 0)
        {
            _say(name.Name, "some of its addresses lead to this waypoint itself, or to its link, and are not used");
        }

        // Nobody knows better about a family that could not be asked for: its last addresses stay.
        foreach (IpAddress last in answer.Missing == AddressFamilies.None ? [] : before?.InOrder ?? [])
        {
            if ((answer.Missing & (last.IsIPv4 ? AddressFamilies.IPv4 : AddressFamilies.IPv6)) != AddressFamilies.None)
            {
                usable.Add(last);
            }
        }

        return usable.Count > 0 ? NameAnswer.Of(usable, before) : NameAnswer.Nothing("all of its addresses lead to this waypoint itself, or to its link");
    }

    private void Report(ResolvedName name, NameAnswer now, bool isGood, AddressAnswer answer)
    {
        if (!isGood && name.Failures == 0)
        {
            string why = answer.Outcome == AddressOutcome.Found && now.Addresses.Length == 0 ? now.Reason : answer.Reason;
            _say(name.Name, answer.Missing != AddressFamilies.None && now.Addresses.Length > 0 ? $"{answer.Missing} addresses of it cannot be asked for ({why}); the last ones, if there were any, stay in use"
                : now.Addresses.Length > 0 ? $"it cannot be resolved ({why}); its last addresses stay in use" : $"it cannot be resolved ({why}); requests that need it fail");
        }
        else if (isGood && name.Failures > 0)
        {
            _say(name.Name, "it is resolved again");
        }
    }
}
