using System.Net;

namespace Ambient.Cni.Redirection.Rules;

/// <summary>
/// The rules of one pod, in order (cni-and-redirection.md 5.1, 5.2). Rules with addresses come once per family. Immutable.
/// </summary>
public sealed partial class RuleSet
{
    /// <summary>Conntrack zone of the proxy's own DNS queries.</summary>
    private const ushort DnsZone = 1;

    private const ushort DnsPort = 53;

    private readonly List<Rule> _rules = [];
    private readonly RedirectionOptions _options;

    private RuleSet(RedirectionOptions options) => _options = options;

    /// <summary>The rules; their order within one table and hook is the order of evaluation.</summary>
    public IReadOnlyList<Rule> Rules => _rules;

    /// <summary>The options they came from.</summary>
    public RedirectionOptions Options => _options;

    private Match<MaskedMark> NotFromProxy => new(_options.ProxyMark, Negated: true);

    private Match<MaskedMark> NotSeenFromProxy => new(_options.SeenMark, Negated: true);

    /// <summary>Builds the rules. Throws <see cref="ArgumentException"/> for options that cannot work.</summary>
    public static RuleSet Build(RedirectionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        var set = new RuleSet(options);
        if (options.Method == RedirectionMethod.Sockets)
        {
            set.AddUntracked();
            set.AddDelivery();
        }
        else
        {
            set.AddMangle();
        }

        set.AddNatVirtual();
        if (options.Method == RedirectionMethod.Translation)
        {
            set.AddNatInbound();
        }

        set.AddNatOutput();
        if (options.DnsCapture)
        {
            set.AddRaw();
        }

        set.AddExit();
        return set;
    }

    /// <summary>
    /// What remains for a pod that leaves while its proxy carries connections: answers find their way, translations go on (the kernel keeps them as long as
    /// there are chains that translate), and no new connection is led to the proxy. Throws <see cref="ArgumentException"/>.
    /// </summary>
    public static RuleSet BuildEnding(RedirectionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        var set = new RuleSet(options with { DnsCapture = options.Method == RedirectionMethod.Sockets && options.DnsCapture });
        if (options.Method == RedirectionMethod.Sockets)
        {
            set.AddUntracked();
            set.AddReturn();
        }
        else
        {
            set.AddMangle();
        }

        set.AddHiding();
        return set;
    }

    /// <summary>The rules of one table and hook that concern a family, in order; <see cref="RuleFamily.Any"/> means all.</summary>
    public IReadOnlyList<Rule> In(RuleTable table, RuleHook hook, RuleFamily family = RuleFamily.Any) =>
        [.. _rules.Where(r => r.Table == table && r.Hook == hook && (family == RuleFamily.Any || r.Family == RuleFamily.Any || r.Family == family))];

    private static IPAddress LoopbackOf(RuleFamily family) => family == RuleFamily.IPv4 ? IPAddress.Loopback : IPAddress.IPv6Loopback;

    /// <summary>Marks connections that the proxy delivered, and the packets that answer them, so that answers come back through loopback.</summary>
    private void AddMangle()
    {
        Add(new Rule
        {
            Table = RuleTable.Mangle,
            Hook = RuleHook.Prerouting,
            Mark = new(_options.SeenMark),
            Action = RuleAction.SetConnectionMark(_options.ReturnMark),
        });
        Add(new Rule
        {
            Table = RuleTable.Mangle,
            Hook = RuleHook.Output,
            ConnectionMark = new(_options.ReturnMark),
            Action = RuleAction.RestoreMark,
        });
    }

    private void AddNatVirtual()
    {
        AddGuests();
        foreach (InterfaceName name in _options.VirtualInterfaces)
        {
            Rule rule = new() { Table = RuleTable.Nat, Hook = RuleHook.Prerouting, Transport = Transport.Tcp, InInterface = new(name), Action = RuleAction.RedirectTo(_options.Ports.Outbound) };
            Add(rule);
            Add(rule with { Action = RuleAction.Return });
        }
    }

    private void AddNatInbound()
    {
        if (_options.IngressMode)
        {
            return;
        }

        // The node's own probes go straight to the application.
        PerFamily(family => new Rule
        {
            Table = RuleTable.Nat,
            Hook = RuleHook.Prerouting,
            Transport = Transport.Tcp,
            Source = new(ProbeOf(family)),
            Action = RuleAction.Accept,
        });
        PerFamily(family => new Rule
        {
            Table = RuleTable.Nat,
            Hook = RuleHook.Prerouting,
            Transport = Transport.Tcp,
            Destination = new(LoopbackOf(family), Negated: true),
            DestinationPort = new(_options.Ports.Hbone, Negated: true),
            Mark = NotSeenFromProxy,
            Action = RuleAction.RedirectTo(_options.Ports.Inbound),
        });
    }

    private void AddNatOutput()
    {
        Rule tcp = new() { Table = RuleTable.Nat, Hook = RuleHook.Output, Transport = Transport.Tcp, Action = RuleAction.Accept };
        PerFamily(family => tcp with { Destination = new(ProbeOf(family)) });
        if (_options.DnsCapture)
        {
            // A resolver on loopback or on the pod's own address keeps its UDP queries.
            Add(new Rule
            {
                Table = RuleTable.Nat,
                Hook = RuleHook.Output,
                Transport = Transport.Udp,
                OutInterface = new(InterfaceName.Loopback, Negated: true),
                DestinationPort = new(DnsPort),
                Mark = NotFromProxy,
                Action = RuleAction.RedirectTo(_options.Ports.Dns),
            });
            PerFamily(family => tcp with
            {
                Destination = new(LoopbackOf(family), Negated: true),
                DestinationPort = new(DnsPort),
                Mark = NotFromProxy,
                Action = RuleAction.RedirectTo(_options.Ports.Dns),
            });
        }

        // Answers to what the proxy delivered, then the pod talking to itself, are nobody's business.
        Add(tcp with { Mark = new(_options.ReturnMark) });
        PerFamily(family => tcp with
        {
            Transport = Transport.Any,
            OutInterface = new(InterfaceName.Loopback),
            Destination = new(LoopbackOf(family), Negated: true),
        });
        foreach (RuleFamily family in _options.Families.Where(f => !IsRouted(f)))
        {
            _rules.Add(tcp with { Family = family, Destination = new(LoopbackOf(family), Negated: true), Mark = NotFromProxy, Action = RuleAction.RedirectTo(_options.Ports.Outbound) });
        }
    }

    /// <summary>The proxy's query may have the very addresses and ports of the application's redirected one: another zone keeps them apart.</summary>
    private void AddRaw()
    {
        Rule udp = new() { Table = RuleTable.Raw, Hook = RuleHook.Output, Transport = Transport.Udp, Action = RuleAction.SetZone(DnsZone) };
        Add(udp with { DestinationPort = new(DnsPort), Mark = new(_options.ProxyMark) });
        Add(udp with { Hook = RuleHook.Prerouting, SourcePort = new(DnsPort), Mark = NotSeenFromProxy });
    }

    private IPAddress ProbeOf(RuleFamily family) => family == RuleFamily.IPv4 ? _options.ProbeAddress : _options.ProbeAddressV6;

    /// <summary>Without IPv6 a rule that names no address must still leave IPv6 alone.</summary>
    private void Add(Rule rule) => _rules.Add(_options.Ipv6 ? rule : rule with { Family = RuleFamily.IPv4 });

    private void PerFamily(Func<RuleFamily, Rule> make)
    {
        _rules.Add(make(RuleFamily.IPv4) with { Family = RuleFamily.IPv4 });
        if (_options.Ipv6)
        {
            _rules.Add(make(RuleFamily.IPv6) with { Family = RuleFamily.IPv6 });
        }
    }
}
