using System.Globalization;
using System.Net;
using Ambient.Cni.Redirection.Nftables;
using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Redirection.Iptables;

/// <summary>
/// Reads the words of one saved rule into the model; what the model has no word for lands in <see cref="Rule.Foreign"/>.
/// </summary>
internal ref struct IptablesRuleReader
{
    private readonly ReadOnlySpan<string> _words;
    private Rule _rule;
    private int _at;
    private string _module;

    private IptablesRuleReader(RuleTable table, RuleHook hook, RuleFamily family, ReadOnlySpan<string> words)
    {
        _words = words;
        _rule = new Rule { Table = table, Hook = hook, Family = family, Action = RuleAction.Unknown };
        _module = "";
    }

    public static Rule Read(RuleTable table, RuleHook hook, RuleFamily family, ReadOnlySpan<string> words)
    {
        var reader = new IptablesRuleReader(table, hook, family, words);
        while (reader._at < words.Length)
        {
            reader.ReadOption();
        }

        return reader._rule;
    }

    private void ReadOption()
    {
        int start = _at;
        bool negated = _words[_at] == "!";
        if (negated)
        {
            _at++;
        }

        string option = Next();
        bool understood = option switch
        {
            "-p" => !negated && ReadTransport(Next()),
            "-m" => !negated && ReadModule(Next()),
            "-i" => ReadInterface(Next(), negated, incoming: true),
            "-o" => ReadInterface(Next(), negated, incoming: false),
            "-s" => ReadAddress(Next(), negated, source: true),
            "-d" => ReadAddress(Next(), negated, source: false),
            "--sport" => ReadPort(Next(), negated, source: true),
            "--dport" => ReadPort(Next(), negated, source: false),
            "--mark" => ReadMark(Next(), negated),
            "--tcp-flags" => !negated && Next() == "SYN,RST" && Next() == "RST" && ReadReset(),
            "--ctstate" => !negated && ReadState(Next()),
            "-j" => !negated && ReadTarget(Next()),
            _ => false,
        };
        if (!understood)
        {
            string words = string.Join(' ', _words[start.._at].ToArray());
            _rule = _rule with { Foreign = _rule.Foreign is null ? words : _rule.Foreign + " " + words };
        }
    }

    private string Next() => _at < _words.Length ? _words[_at++] : "";

    private bool ReadTransport(string text)
    {
        Transport transport = text switch { "tcp" => Transport.Tcp, "udp" => Transport.Udp, _ => Transport.Any };
        _rule = _rule with { Transport = transport };
        return transport != Transport.Any;
    }

    private bool ReadModule(string text)
    {
        _module = text;
        return text is "tcp" or "udp" or "mark" or "connmark" or "conntrack";
    }

    private bool ReadInterface(string text, bool negated, bool incoming)
    {
        if (!InterfaceName.TryParse(text, out InterfaceName? name))
        {
            return false;
        }

        var match = new Match<InterfaceName>(name, negated);
        _rule = incoming ? _rule with { InInterface = match } : _rule with { OutInterface = match };
        return true;
    }

    private bool ReadAddress(string text, bool negated, bool source)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        string host = slash < 0 ? text : text[..slash];
        if (!IPAddress.TryParse(host, out IPAddress? address))
        {
            return false;
        }

        if (slash >= 0 && text[(slash + 1)..] != (_rule.Family == RuleFamily.IPv4 ? "32" : "128"))
        {
            return false;
        }

        var match = new Match<IPAddress>(address, negated);
        _rule = source ? _rule with { Source = match } : _rule with { Destination = match };
        return true;
    }

    private bool ReadPort(string text, bool negated, bool source)
    {
        if (!ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            return false;
        }

        var match = new Match<ushort>(port, negated);
        _rule = source ? _rule with { SourcePort = match } : _rule with { DestinationPort = match };
        return true;
    }

    private bool ReadMark(string text, bool negated)
    {
        if (!TryMark(text, out MaskedMark mark) || _module is not ("mark" or "connmark"))
        {
            return false;
        }

        var match = new Match<MaskedMark>(mark, negated);
        _rule = _module == "mark" ? _rule with { Mark = match } : _rule with { ConnectionMark = match };
        return true;
    }

    /// <summary>Flag and length come together, as they were written.</summary>
    private bool ReadReset()
    {
        bool isBare = Next() == "-m" && Next() == "length" && Next() == "--length" && Next() == NftText.BareLength(_rule.Family).ToString(CultureInfo.InvariantCulture);
        _rule = _rule with { BareReset = isBare };
        return isBare;
    }

    private bool ReadState(string text)
    {
        TrackedState? state = text switch { "RELATED,ESTABLISHED" => TrackedState.Established, "INVALID" => TrackedState.Invalid, _ => null };
        _rule = _rule with { State = state };
        return state is not null;
    }

    private bool ReadTarget(string target)
    {
        RuleAction? action = target switch
        {
            "ACCEPT" => RuleAction.Accept,
            "DROP" => RuleAction.Drop,
            "RETURN" => RuleAction.Return,
            "REDIRECT" when Next() == "--to-ports" && ushort.TryParse(Next(), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) => RuleAction.RedirectTo(port),
            "CT" when Next() == "--zone" && ushort.TryParse(Next(), NumberStyles.None, CultureInfo.InvariantCulture, out ushort zone) => RuleAction.SetZone(zone),
            "CONNMARK" => ReadConnectionMark(),
            _ => null,
        };
        _rule = _rule with { Action = action ?? RuleAction.Unknown };
        return action is not null;
    }

    private RuleAction? ReadConnectionMark() => Next() switch
    {
        "--set-xmark" when TryMark(Next(), out MaskedMark mark) => RuleAction.SetConnectionMark(mark),
        "--restore-mark" when Next() == "--nfmask" && Next() == "0xffffffff" && Next() == "--ctmask" && Next() == "0xffffffff" => RuleAction.RestoreMark,
        _ => null,
    };

    private static bool TryMark(string text, out MaskedMark mark)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        uint mask = uint.MaxValue;
        bool read = TryHex(slash < 0 ? text : text[..slash], out uint value) && (slash < 0 || TryHex(text[(slash + 1)..], out mask));
        mark = new MaskedMark(value, mask);
        return read;
    }

    private static bool TryHex(string text, out uint value)
    {
        value = 0;
        return text.StartsWith("0x", StringComparison.Ordinal) && uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }
}
