using System.Globalization;
using System.Net;
using Ambient.Cni.Redirection.Rules;
using Ambient.Linux.Routing;

namespace Ambient.Cni.Redirection.Routing;

/// <summary>One routing rule of ours. Immutable.</summary>
/// <param name="Preference">Its place among all rules.</param>
/// <param name="Target">The table it leads to, or with <paramref name="Jump"/> the preference of the rule where the search goes on.</param>
/// <param name="Mark">The packet's mark; null for all.</param>
/// <param name="LocalTcp">Only TCP that the namespace itself sends.</param>
/// <param name="Port">Only to this port; 0 for all.</param>
/// <param name="Jump">Whether it is a jump.</param>
/// <param name="Flow">Only packets that the pod sends on this connection.</param>
internal sealed record RoutingRule(int Preference, int Target, MaskedMark? Mark = null, bool LocalTcp = false, ushort Port = 0, bool Jump = false, Flow? Flow = null)
{
    private const string Loopback = "lo";
    private const byte Tcp = 6;

    private ushort FromPort => (ushort)(Flow?.Local.Port ?? 0);

    private ushort ToPort => (ushort)(Flow?.Remote.Port ?? Port);

    /// <summary>The words behind <c>ip rule add</c>.</summary>
    public string[] Words
    {
        get
        {
            List<string> words = Flow is null ? [] : ["from", Flow.Local.Address.ToString(), "to", Flow.Remote.Address.ToString()];
            if (Mark is { } mark)
            {
                words.AddRange(["fwmark", mark.ToString()]);
            }

            if (LocalTcp)
            {
                words.AddRange(["iif", "lo", "ipproto", "tcp"]);
            }

            if (FromPort != 0)
            {
                words.AddRange(["sport", Number(FromPort)]);
            }

            if (ToPort != 0)
            {
                words.AddRange(["dport", Number(ToPort)]);
            }

            return [.. words, Jump ? "goto" : "lookup", Number(Target), "pref", Number(Preference)];
        }
    }

    /// <summary>The rule as the kernel lists it.</summary>
    public KernelRule ToKernel(RuleFamily family) => new()
    {
        IsIpv6 = family == RuleFamily.IPv6,
        Preference = (uint)Preference,
        Target = (uint)Target,
        IsJump = Jump,
        Mark = Mark?.Value,
        Mask = Mark?.Mask ?? 0,
        InInterface = LocalTcp ? Loopback : null,
        Transport = LocalTcp ? Tcp : (byte)0,
        SourcePort = FromPort,
        DestinationPort = ToPort,
        Source = Flow?.Local.Address,
        Destination = Flow?.Remote.Address,
    };

    /// <summary>The rule of a spared connection that stands at a preference, read from the kernel; null for any other rule.</summary>
    public static RoutingRule? ReadSpared(KernelRule found, int preference, int target) =>
        found.Preference == preference && found is { Source: { } local, Destination: { } remote, SourcePort: not 0, DestinationPort: not 0 }
            ? new RoutingRule(preference, found.IsJump ? target : (int)found.Target, LocalTcp: true, Jump: found.IsJump, Flow: new Flow(new IPEndPoint(local, found.SourcePort), new IPEndPoint(remote, found.DestinationPort)))
            : null;

    /// <summary>The rule that still leads a connection to the proxy when new ones are not led there any more.</summary>
    public static RoutingRule Carry(Flow flow, int preference, int table) => new(preference, table, LocalTcp: true, Flow: flow);

    /// <summary>The rule that leaves a connection its way.</summary>
    public static RoutingRule Spare(Flow flow, int preference, int target) => new(preference, target, LocalTcp: true, Jump: true, Flow: flow);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
