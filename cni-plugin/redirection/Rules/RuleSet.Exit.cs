namespace Ambient.Cni.Redirection.Rules;

/// <content>
/// What may leave. Translation is asked for the first packet of a connection alone, and routes for those of sockets that do not ignore them: whoever
/// makes packets by himself (CAP_NET_RAW, which container runtimes give by default) is asked by neither. So the last chain of all judges every TCP
/// packet that a process of the pod sends: it is the proxy's, or it stays in the pod, or it answers what came from outside.
/// </content>
public sealed partial class RuleSet
{
    // Return, not accept: somebody else's rules of the same table (iptables) are asked as ever.
    private static Rule Leaving { get; } = new() { Table = RuleTable.Filter, Hook = RuleHook.Output, Action = RuleAction.Return };

    /// <summary>
    /// A mark that was believed is taken off before anybody who captures frames sees it. What takes its place opens nothing: it is taken from whoever
    /// bears it here without having been given it.
    /// </summary>
    private void AddHiding()
    {
        if (_options.HideMark)
        {
            Add(Leaving with { Mark = new(_options.PassedMark), Action = RuleAction.SetMark(Whole(_options.StrayMark)) });
            Add(Leaving with { Mark = new(_options.ProxyMark), Action = RuleAction.SetMark(Whole(_options.PassedMark)) });
        }
    }

    private void AddExit()
    {
        AddHiding();
        Add(Leaving with { OutInterface = new(InterfaceName.Loopback) });
        Add(Leaving with { Mark = new(_options.SeenMark) });

        // What was translated on its way through this hook still bears the interface that it was going to take.
        Rule tcp = Leaving with { Transport = Transport.Tcp };
        PerFamily(family => tcp with { Destination = new(LoopbackOf(family)) });
        Add(tcp with { State = TrackedState.Established });
        PerFamily(family => tcp with { Destination = new(ProbeOf(family)) });
        foreach (Flow flow in _options.Spared.Distinct().Where(f => _options.Families.Contains(f.Family)))
        {
            _rules.Add(tcp with
            {
                Family = flow.Family,
                Source = new(flow.Local.Address),
                Destination = new(flow.Remote.Address),
                SourcePort = new((ushort)flow.Local.Port),
                DestinationPort = new((ushort)flow.Remote.Port),
            });
        }

        // A refusal of the kernel's own is part of no connection; it carries nothing.
        PerFamily(_ => tcp with { BareReset = true });
        Add(tcp with { Action = RuleAction.Drop });
    }

    /// <summary>Packets of a guest that are part of no connection would pass the translation.</summary>
    private void AddGuests()
    {
        foreach (InterfaceName name in _options.VirtualInterfaces)
        {
            Rule rule = new() { Table = RuleTable.Mangle, Hook = RuleHook.Prerouting, Transport = Transport.Tcp, InInterface = new(name), State = TrackedState.Invalid, Action = RuleAction.Drop };
            _rules.Insert(0, _options.Ipv6 ? rule : rule with { Family = RuleFamily.IPv4 });
        }
    }

    /// <summary>Every bit of the packet's mark, so that none of the secret one stays.</summary>
    private static MaskedMark Whole(MaskedMark mark) => mark with { Mask = uint.MaxValue };
}
