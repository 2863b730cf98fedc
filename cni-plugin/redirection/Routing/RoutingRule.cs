using System.Globalization;
using System.Net;
using System.Text.Json;
using Ambient.Cni.Redirection.Rules;

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

    /// <summary>Whether an entry of <c>ip -N -j rule list</c> is this rule.</summary>
    public bool Is(JsonElement entry) =>
        Text(entry, "priority") == Number(Preference)
        && Text(entry, "fwmark") == (Mark is { } mark ? Hex(mark.Value) : null)
        && (Mark is null || (Text(entry, "fwmask") ?? "0xffffffff") == Hex(Mark.Value.Mask))
        && Text(entry, "iif") == (LocalTcp ? "lo" : null)
        && Text(entry, "ipproto") is var protocol && (LocalTcp ? protocol is "tcp" or "6" or "ipproto-6" : protocol is null)
        && Text(entry, "sport") == (FromPort != 0 ? Number(FromPort) : null)
        && Text(entry, "dport") == (ToPort != 0 ? Number(ToPort) : null)
        && (Flow is null ? Text(entry, "src") is null or "all" && Text(entry, "dst") is null or "all" : Text(entry, "src") == Flow.Local.Address.ToString() && Text(entry, "dst") == Flow.Remote.Address.ToString())
        && Text(entry, Jump ? "goto" : "table") == Number(Target);

    /// <summary>The rule of a spared connection that stands at a preference, read from an entry of the list; null for any other entry.</summary>
    public static RoutingRule? ReadSpared(JsonElement entry, int preference, int target) =>
        Text(entry, "priority") == Number(preference)
        && IPAddress.TryParse(Text(entry, "src"), out IPAddress? local) && IPAddress.TryParse(Text(entry, "dst"), out IPAddress? remote)
        && ushort.TryParse(Text(entry, "sport"), NumberStyles.None, CultureInfo.InvariantCulture, out ushort from)
        && ushort.TryParse(Text(entry, "dport"), NumberStyles.None, CultureInfo.InvariantCulture, out ushort to)
            ? Spare(new Flow(new IPEndPoint(local, from), new IPEndPoint(remote, to)), preference, target)
            : null;

    /// <summary>The rule that leaves a connection its way.</summary>
    public static RoutingRule Spare(Flow flow, int preference, int target) => new(preference, target, LocalTcp: true, Jump: true, Flow: flow);

    private static string Hex(uint number) => string.Create(CultureInfo.InvariantCulture, $"0x{number:x}");

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string? Text(JsonElement entry, string name) => entry.TryGetProperty(name, out JsonElement value)
        ? value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText()
        : null;
}
