using System.Net;

namespace Ambient.Cni.Redirection.Rules;

/// <content>
/// The method <see cref="RedirectionMethod.Sockets"/>. A routing rule sends the TCP of the pod's applications to loopback under its
/// real addresses (<see cref="Routing.RoutingPlan"/>), and there the opening packet is given to the proxy's transparent listener. All
/// that follows finds its socket by addresses and ports as any TCP packet does. Sockets that are accepted take over the mark of the
/// packet that opened them (<c>tcp_fwmark_accept</c>), which is how answers know their way: to loopback when the proxy delivered
/// under a foreign source, straight out when the connection came from outside.
/// </content>
public sealed partial class RuleSet
{
    /// <summary>
    /// TCP is tracked only where it is translated (DNS, guests), where it ignores routes, and where applications answer by themselves: that is how
    /// their answers are known from packets that are none. The proxy's own bear its mark.
    /// </summary>
    private void AddUntracked()
    {
        Rule answer = new() { Table = RuleTable.Raw, Hook = RuleHook.Output, Transport = Transport.Tcp, Action = RuleAction.Accept };
        Add(answer with { SourcePort = new(_options.Ports.Outbound) });
        Add(answer with { SourcePort = new(_options.Ports.Dns) });
        Rule untracked = answer with { Action = RuleAction.NoTrack };
        Add(untracked with { OutInterface = new(InterfaceName.Loopback) });
        Add(untracked with { Mark = new(_options.ProxyMark) });

        Rule incoming = untracked with { Hook = RuleHook.Prerouting };
        foreach (InterfaceName name in _options.VirtualInterfaces)
        {
            Add(incoming with { InInterface = new(name), Action = RuleAction.Accept });
        }

        Rule outside = incoming with { InInterface = new(InterfaceName.Loopback, Negated: true) };
        if (_options.IngressMode)
        {
            Add(outside with { SourcePort = new(_options.Ports.Hbone) });
            Add(outside with { DestinationPort = new(_options.Ports.Hbone) });
            Add(outside with { Action = RuleAction.Accept });
        }

        PerFamily(family => outside with { Source = new(ProbeOf(family)), Action = RuleAction.Accept });
        Add(outside);
    }

    /// <summary>Every packet of a delivery, not only the opening one: a reset that answers it must find the same way back.</summary>
    private Rule AddReturn()
    {
        Rule packet = new() { Table = RuleTable.Mangle, Hook = RuleHook.Prerouting, Action = RuleAction.Accept };
        Add(packet with { Mark = new(_options.SeenMark), Action = RuleAction.SetMark(_options.ReturnMark) });
        Add(packet with { Mark = new(_options.ReturnMark) });
        return packet;
    }

    private void AddDelivery()
    {
        Rule packet = AddReturn();
        Rule tcp = packet with { Transport = Transport.Tcp };
        Add(tcp with { Opening = false });
        foreach (InterfaceName name in _options.VirtualInterfaces)
        {
            Add(tcp with { InInterface = new(name) });
        }

        AddOutboundDelivery(tcp with { InInterface = new(InterfaceName.Loopback) });
        AddInboundDelivery(tcp with { InInterface = new(InterfaceName.Loopback, Negated: true) });
        AddStrays(tcp with { Hook = RuleHook.Output, OutInterface = new(InterfaceName.Loopback, Negated: true) });
    }

    /// <summary>
    /// New connections that ignored the routes (a socket bound to an interface) and would leave by themselves. They are refused at once:
    /// translated they would never arrive, since they insist on their interface.
    /// </summary>
    private void AddStrays(Rule tcp)
    {
        foreach (RuleFamily family in _options.Families.Where(IsRouted))
        {
            Rule opening = tcp with { Family = family, Opening = true };
            _rules.Add(opening with { Mark = new(_options.ProxyMark) });
            if (_options.DnsCapture)
            {
                _rules.Add(opening with { DestinationPort = new(DnsPort) });
            }

            _rules.Add(opening with { Action = RuleAction.Reset });
        }
    }

    /// <summary>Whether routes lead the family's connections to the proxy.</summary>
    private bool IsRouted(RuleFamily family) => _options.Method == RedirectionMethod.Sockets && _options.AddressesOf(family).Any();

    /// <summary>Opening packets on loopback.</summary>
    private void AddOutboundDelivery(Rule tcp)
    {
        // The pod talking to itself is nobody's business.
        _rules.Add(tcp with { Family = RuleFamily.IPv4, LocalDestination = true });
        if (_options.Ipv6)
        {
            foreach (IPAddress own in _options.AddressesOf(RuleFamily.IPv6).Append(IPAddress.IPv6Loopback))
            {
                _rules.Add(tcp with { Family = RuleFamily.IPv6, Destination = new(own) });
            }
        }

        PerFamily(_ => tcp with { Action = RuleAction.TransparentTo(_options.Ports.Outbound) });
        PerFamily(_ => tcp with { Action = RuleAction.Reset });
    }

    /// <summary>Opening packets from outside.</summary>
    private void AddInboundDelivery(Rule tcp)
    {
        Add(tcp with { Action = RuleAction.SetMark(_options.DirectMark) });
        if (_options.IngressMode)
        {
            return;
        }

        Add(tcp with { DestinationPort = new(_options.Ports.Hbone) });
        PerFamily(family => tcp with { Source = new(ProbeOf(family)) });
        PerFamily(_ => tcp with { Action = RuleAction.TransparentTo(_options.Ports.Inbound) });

        // Without a proxy nobody is reached: never the application itself.
        PerFamily(_ => tcp with { Action = RuleAction.Reset });
    }
}
