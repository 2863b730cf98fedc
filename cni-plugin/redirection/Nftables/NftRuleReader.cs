using System.Net;
using System.Text.Json;
using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Redirection.Nftables;

/// <summary>
/// Reads one rule of <c>nft -j</c> into the model. What the model has no word for lands in <see cref="Rule.Foreign"/>, so that a
/// rule somebody changed never looks like ours.
/// </summary>
internal static class NftRuleReader
{
    private const string NotConcluded = "tproxy without accept";
    private const string NotBare = "reset of any length";

    public static Rule Read(RuleTable table, RuleHook hook, JsonElement expressions)
    {
        var rule = new Rule { Table = table, Hook = hook, Action = RuleAction.Unknown };
        if (expressions.ValueKind != JsonValueKind.Array)
        {
            return rule with { Foreign = "no expressions" };
        }

        foreach (JsonElement expression in expressions.EnumerateArray())
        {
            Rule? read = expression.ValueKind == JsonValueKind.Object ? ReadExpression(rule, expression) : null;
            rule = read ?? rule with { Foreign = (rule.Foreign is null ? "" : rule.Foreign + " ") + expression.GetRawText() };
        }

        return rule;
    }

    private static Rule? ReadExpression(Rule rule, JsonElement expression)
    {
        foreach (JsonProperty property in expression.EnumerateObject())
        {
            return property.Name switch
            {
                "counter" => rule,
                "match" => ReadMatch(rule, property.Value),
                "accept" => rule.Action.Kind == RuleActionKind.Transparent ? Concluded(rule) : WithAction(rule, RuleAction.Accept),
                "return" => WithAction(rule, RuleAction.Return),
                "drop" => WithAction(rule, RuleAction.Drop),
                "notrack" => WithAction(rule, RuleAction.NoTrack),
                "reject" => Text(property.Value, "type") == "tcp reset" ? WithAction(rule, RuleAction.Reset) : null,
                "tproxy" => ReadTransparent(rule, property.Value),
                "redirect" => ReadPort(property.Value) is ushort port ? WithAction(rule, RuleAction.RedirectTo(port)) : null,
                "mangle" => ReadMangle(property.Value) is RuleAction action ? WithAction(rule, action) : null,
                _ => null,
            };
        }

        return null;
    }

    /// <summary>The listener's socket is chosen; without the accept behind it the next rules would still be asked.</summary>
    private static Rule? ReadTransparent(Rule rule, JsonElement tproxy)
    {
        string? family = Text(tproxy, "family");
        return rule.Family == RuleFamily.Any || family != (rule.Family == RuleFamily.IPv4 ? "ip" : "ip6") || tproxy.TryGetProperty("addr", out _)
            || !tproxy.TryGetProperty("port", out JsonElement port) || port.ValueKind != JsonValueKind.Number || !port.TryGetUInt16(out ushort number)
            || WithAction(rule, RuleAction.TransparentTo(number)) is not Rule read
            ? null
            : read with { Foreign = (rule.Foreign ?? "") + NotConcluded };
    }

    private static Rule? Concluded(Rule rule) => rule.Foreign?.EndsWith(NotConcluded, StringComparison.Ordinal) == true
        ? rule with { Foreign = rule.Foreign.Length == NotConcluded.Length ? null : rule.Foreign[..^NotConcluded.Length] }
        : null;

    private static Rule? WithAction(Rule rule, RuleAction action) =>
        rule.Action.Kind == RuleActionKind.Unknown ? rule with { Action = action } : null;

    private static ushort? ReadPort(JsonElement redirect) =>
        redirect.ValueKind == JsonValueKind.Object
        && redirect.EnumerateObject().Count() == 1
        && redirect.TryGetProperty("port", out JsonElement port)
        && port.ValueKind == JsonValueKind.Number
        && port.TryGetUInt16(out ushort number)
            ? number
            : null;

    private static RuleAction? ReadMangle(JsonElement mangle)
    {
        if (!TryGet(mangle, "key", out JsonElement key) || !TryGet(mangle, "value", out JsonElement value))
        {
            return null;
        }

        if (IsKey(key, "meta", "mark"))
        {
            if (value.ValueKind == JsonValueKind.Number && value.TryGetUInt32(out uint whole))
            {
                return RuleAction.SetMark(new MaskedMark(whole, uint.MaxValue));
            }

            return IsKey(value, "ct", "mark") ? RuleAction.RestoreMark : TryMasked(value, "meta", out MaskedMark packet) ? RuleAction.SetMark(packet) : null;
        }

        if (IsKey(key, "ct", "zone") && value.ValueKind == JsonValueKind.Number && value.TryGetUInt16(out ushort zone))
        {
            return RuleAction.SetZone(zone);
        }

        return IsKey(key, "ct", "mark") && TryMasked(value, "ct", out MaskedMark connection) ? RuleAction.SetConnectionMark(connection) : null;
    }

    /// <summary>(mark &amp; kept) | value. The listing leaves the value's bits in "kept" or not, as the version pleases.</summary>
    private static bool TryMasked(JsonElement expression, string kind, out MaskedMark mark)
    {
        if (TryPair(expression, "|", out JsonElement left, out uint set) && TryPair(left, "&", out JsonElement inner, out uint kept) && IsKey(inner, kind, "mark"))
        {
            mark = new MaskedMark(set, ~(kept & ~set));
            return true;
        }

        mark = default;
        return false;
    }

    private static Rule? ReadMatch(Rule rule, JsonElement match)
    {
        if (!TryGet(match, "op", out JsonElement op) || !TryGet(match, "left", out JsonElement left) || !TryGet(match, "right", out JsonElement right))
        {
            return null;
        }

        string? sign = op.ValueKind == JsonValueKind.String ? op.GetString() : null;
        if (IsKey(left, "ct", "state"))
        {
            return sign is "in" or "==" && rule.State is null && ReadState(right) is { } state ? rule with { State = state } : null;
        }

        if (sign is not ("==" or "!="))
        {
            return null;
        }

        bool negated = sign == "!=";
        if (IsFlags(left, right, "syn", "ack", "syn"))
        {
            return rule.Opening is null && rule.Transport != Transport.Udp ? rule with { Transport = Transport.Tcp, Opening = !negated } : null;
        }

        if (IsFlags(left, right, "syn", "rst", "rst"))
        {
            return !negated && !rule.BareReset && rule.Transport != Transport.Udp ? rule with { Transport = Transport.Tcp, Foreign = (rule.Foreign ?? "") + NotBare } : null;
        }

        if (TryGet(left, "fib", out JsonElement fib))
        {
            return !negated && Text(fib, "result") == "type" && IsOnly(fib, "flags", "daddr") && right.ValueKind == JsonValueKind.String && right.GetString() == "local"
                ? rule with { LocalDestination = true }
                : null;
        }

        if (TryPair(left, "&", out JsonElement masked, out uint mask) && right.ValueKind == JsonValueKind.Number && right.TryGetUInt32(out uint value))
        {
            var mark = new Match<MaskedMark>(new MaskedMark(value, mask), negated);
            return IsKey(masked, "meta", "mark") && rule.Mark is null ? rule with { Mark = mark }
                : IsKey(masked, "ct", "mark") && rule.ConnectionMark is null ? rule with { ConnectionMark = mark }
                : null;
        }

        if (TryGet(left, "meta", out JsonElement meta))
        {
            return ReadMeta(rule, meta, right, negated);
        }

        return TryGet(left, "payload", out JsonElement payload) ? ReadPayload(rule, payload, right, negated) : null;
    }

    private static TrackedState? ReadState(JsonElement right) => right.ValueKind switch
    {
        JsonValueKind.String when right.GetString() == "invalid" => TrackedState.Invalid,
        JsonValueKind.Array when right.EnumerateArray().All(s => s.ValueKind == JsonValueKind.String)
            && right.EnumerateArray().Select(s => s.GetString()).Order(StringComparer.Ordinal).SequenceEqual(["established", "related"]) => TrackedState.Established,
        _ => null,
    };

    /// <summary>The length, which makes the flag before it a bare reset; it differs by family.</summary>
    private static Rule? ReadLength(Rule rule, JsonElement right) =>
        rule.Family != RuleFamily.Any && right.ValueKind == JsonValueKind.Number && right.TryGetInt32(out int length) && length == NftText.BareLength(rule.Family)
        && rule.Foreign?.EndsWith(NotBare, StringComparison.Ordinal) == true
            ? rule with { BareReset = true, Foreign = rule.Foreign.Length == NotBare.Length ? null : rule.Foreign[..^NotBare.Length] }
            : null;

    /// <summary>tcp flags &amp; (a | b) == c; the set of flags is a list or a pair, as the version pleases.</summary>
    private static bool IsFlags(JsonElement left, JsonElement right, string a, string b, string c)
    {
        if (!TryGet(left, "&", out JsonElement pair) || pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2
            || !TryGet(pair[0], "payload", out JsonElement payload) || Text(payload, "protocol") != "tcp" || Text(payload, "field") != "flags")
        {
            return false;
        }

        JsonElement flags = TryGet(pair[1], "|", out JsonElement either) ? either : pair[1];
        return flags.ValueKind == JsonValueKind.Array && flags.GetArrayLength() == 2 && flags.EnumerateArray().All(f => f.ValueKind == JsonValueKind.String)
            && flags[0].GetString() == a && flags[1].GetString() == b && right.ValueKind == JsonValueKind.String && right.GetString() == c;
    }

    private static bool IsOnly(JsonElement element, string name, string value) => TryGet(element, name, out JsonElement found)
        && (found.ValueKind == JsonValueKind.String ? found.GetString() == value
            : found.ValueKind == JsonValueKind.Array && found.GetArrayLength() == 1 && found[0].ValueKind == JsonValueKind.String && found[0].GetString() == value);

    private static Rule? ReadMeta(Rule rule, JsonElement meta, JsonElement right, bool negated)
    {
        string? key = Text(meta, "key");
        string? value = right.ValueKind == JsonValueKind.String ? right.GetString() : null;
        switch (key)
        {
            case "iifname" when rule.InInterface is null && ReadName(value) is InterfaceName name:
                return rule with { InInterface = new(name, negated) };
            case "oifname" when rule.OutInterface is null && ReadName(value) is InterfaceName name:
                return rule with { OutInterface = new(name, negated) };
            case "length" when !negated:
                return ReadLength(rule, right);
            case "l4proto" when !negated && rule.Transport == Transport.Any && ReadTransport(right) is { } transport:
                return rule with { Transport = transport };
            case "nfproto" when !negated && rule.Family == RuleFamily.Any && value is "ipv4" or "ipv6":
                return rule with { Family = value == "ipv4" ? RuleFamily.IPv4 : RuleFamily.IPv6 };
            default:
                return null;
        }
    }

    /// <summary>By name, or by number where there is no /etc/protocols, as in most images.</summary>
    private static Transport? ReadTransport(JsonElement right) => right.ValueKind switch
    {
        JsonValueKind.String => right.GetString() switch { "tcp" => Transport.Tcp, "udp" => Transport.Udp, _ => null },
        JsonValueKind.Number when right.TryGetByte(out byte number) => number switch { 6 => Transport.Tcp, 17 => Transport.Udp, _ => null },
        _ => null,
    };

    private static Rule? ReadPayload(Rule rule, JsonElement payload, JsonElement right, bool negated)
    {
        string? protocol = Text(payload, "protocol");
        string? field = Text(payload, "field");
        if (protocol is "ip" or "ip6")
        {
            RuleFamily family = protocol == "ip" ? RuleFamily.IPv4 : RuleFamily.IPv6;
            if (right.ValueKind != JsonValueKind.String || !IPAddress.TryParse(right.GetString(), out IPAddress? address) || (rule.Family != RuleFamily.Any && rule.Family != family))
            {
                return null;
            }

            var match = new Match<IPAddress>(address, negated);
            return field == "saddr" && rule.Source is null ? rule with { Family = family, Source = match }
                : field == "daddr" && rule.Destination is null ? rule with { Family = family, Destination = match }
                : null;
        }

        Transport transport = protocol switch { "tcp" => Transport.Tcp, "udp" => Transport.Udp, _ => Transport.Any };
        if (transport == Transport.Any || (rule.Transport != Transport.Any && rule.Transport != transport)
            || right.ValueKind != JsonValueKind.Number || !right.TryGetUInt16(out ushort port))
        {
            return null;
        }

        var ports = new Match<ushort>(port, negated);
        return field == "sport" && rule.SourcePort is null ? rule with { Transport = transport, SourcePort = ports }
            : field == "dport" && rule.DestinationPort is null ? rule with { Transport = transport, DestinationPort = ports }
            : null;
    }

    private static InterfaceName? ReadName(string? text)
    {
        string? form = text?.EndsWith('*') == true ? text[..^1] + "+" : text;
        return InterfaceName.TryParse(form, out InterfaceName? name) ? name : null;
    }

    private static bool IsKey(JsonElement element, string kind, string key) => TryGet(element, kind, out JsonElement inner) && Text(inner, "key") == key;

    private static bool TryPair(JsonElement element, string op, out JsonElement left, out uint right)
    {
        left = default;
        right = 0;
        if (!TryGet(element, op, out JsonElement pair) || pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2)
        {
            return false;
        }

        left = pair[0];
        return pair[1].ValueKind == JsonValueKind.Number && pair[1].TryGetUInt32(out right);
    }

    private static bool TryGet(JsonElement element, string name, out JsonElement value)
    {
        value = default;
        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out value);
    }

    private static string? Text(JsonElement element, string name) =>
        TryGet(element, name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
