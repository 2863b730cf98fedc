using System.Net;
using System.Text;

namespace Ambient.Cni.Redirection.Rules;

/// <summary>
/// One rule: where it stands, what it asks of a packet (everything that is not null), what it does. Immutable; two rules are
/// equal when they mean the same, whichever back end they were read from.
/// </summary>
public sealed record Rule
{
    /// <summary>The stage.</summary>
    public required RuleTable Table { get; init; }

    /// <summary>The hook.</summary>
    public required RuleHook Hook { get; init; }

    /// <summary>What is done.</summary>
    public required RuleAction Action { get; init; }

    /// <summary>Which packets; a rule with an address is about that address' family alone.</summary>
    public RuleFamily Family { get; init; }

    /// <summary>The transport.</summary>
    public Transport Transport { get; init; }

    /// <summary>The interface it came in by.</summary>
    public Match<InterfaceName>? InInterface { get; init; }

    /// <summary>The interface it will leave by.</summary>
    public Match<InterfaceName>? OutInterface { get; init; }

    /// <summary>The source address.</summary>
    public Match<IPAddress>? Source { get; init; }

    /// <summary>The destination address.</summary>
    public Match<IPAddress>? Destination { get; init; }

    /// <summary>The source port; needs a transport.</summary>
    public Match<ushort>? SourcePort { get; init; }

    /// <summary>The destination port; needs a transport.</summary>
    public Match<ushort>? DestinationPort { get; init; }

    /// <summary>The packet's mark.</summary>
    public Match<MaskedMark>? Mark { get; init; }

    /// <summary>The connection's mark.</summary>
    public Match<MaskedMark>? ConnectionMark { get; init; }

    /// <summary>Whether a TCP packet opens a connection (SYN without ACK) or, when false, does not; null when it does not matter.</summary>
    public bool? Opening { get; init; }

    /// <summary>Only packets to an address of the namespace itself (IPv4: for IPv6 the kernel's answer depends on our own routes).</summary>
    public bool LocalDestination { get; init; }

    /// <summary>What conntrack says of the packet; null when it does not matter.</summary>
    public TrackedState? State { get; init; }

    /// <summary>Only TCP resets that carry nothing, by flag and by length; needs a family.</summary>
    public bool BareReset { get; init; }

    /// <summary>What a kernel's rule holds that this model has no word for; null in every rule of our own.</summary>
    public string? Foreign { get; init; }

    /// <summary>One line for reports.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        Add(text, Family == RuleFamily.Any ? null : Family == RuleFamily.IPv4 ? "ipv4" : "ipv6");
        Add(text, Transport == Transport.Any ? null : Transport == Transport.Tcp ? "tcp" : "udp");
        Add(text, InInterface, "in");
        Add(text, OutInterface, "out");
        Add(text, Source, "source");
        Add(text, Destination, "destination");
        Add(text, SourcePort, "source port");
        Add(text, DestinationPort, "port");
        Add(text, Mark, "mark");
        Add(text, ConnectionMark, "connection mark");
        Add(text, Opening is null ? null : Opening.Value ? "opening" : "not opening");
        Add(text, LocalDestination ? "to itself" : null);
        Add(text, State is null ? null : State == TrackedState.Established ? "established" : "invalid");
        Add(text, BareReset ? "bare reset" : null);
        Add(text, Foreign is null ? null : "(" + Foreign + ")");
        Add(text, "-> " + Action);
        return text.ToString();
    }

    private static void Add<T>(StringBuilder text, Match<T>? match, string name) => Add(text, match is null ? null : name + match);

    private static void Add(StringBuilder text, string? word)
    {
        if (word is not null)
        {
            text.Append(text.Length == 0 ? "" : " ").Append(word);
        }
    }
}
