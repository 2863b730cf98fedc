using System.Text;

namespace Ambient.Cni.Redirection.Iptables;

/// <summary>What <c>iptables-save</c> printed, cut into words. Immutable once read; never throws on what it is given.</summary>
internal sealed class SavedRules
{
    private readonly Dictionary<(string Table, string Chain), List<string[]>> _rules = [];

    /// <summary>Every chain that exists, with or without rules.</summary>
    public IEnumerable<(string Table, string Chain)> Chains => _rules.Keys;

    public static SavedRules Parse(string text)
    {
        var saved = new SavedRules();
        string table = "";
        foreach (ReadOnlySpan<char> raw in text.AsSpan().EnumerateLines())
        {
            ReadOnlySpan<char> line = raw.Trim();
            if (line.IsEmpty || line[0] == '#')
            {
                continue;
            }

            if (line[0] == '*')
            {
                table = line[1..].Trim().ToString();
            }
            else if (line[0] == ':')
            {
                int end = line.IndexOf(' ');
                saved.ListOf(table, line[1..(end < 0 ? line.Length : end)].ToString());
            }
            else if (Words(line) is ["-A", string chain, .. string[] rest])
            {
                saved.ListOf(table, chain).Add(rest);
            }
        }

        return saved;
    }

    public bool Has(string table, string chain) => _rules.ContainsKey((table, chain));

    /// <summary>The words of each rule after the chain's name, in order.</summary>
    public IReadOnlyList<string[]> RulesOf(string table, string chain) => _rules.TryGetValue((table, chain), out List<string[]>? rules) ? rules : [];

    /// <summary>How often a built-in chain jumps to ours without asking anything of the packet.</summary>
    public int Jumps(string table, string builtIn, string chain) => RulesOf(table, builtIn).Count(r => r is ["-j", string target] && target == chain);

    private List<string[]> ListOf(string table, string chain)
    {
        if (!_rules.TryGetValue((table, chain), out List<string[]>? rules))
        {
            _rules[(table, chain)] = rules = [];
        }

        return rules;
    }

    private static string[] Words(ReadOnlySpan<char> line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        bool quoted = false;
        bool any = false;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (c == '\\' && quoted && i + 1 < line.Length)
            {
                word.Append(line[++i]);
            }
            else if (c == '"')
            {
                quoted = !quoted;
                any = true;
            }
            else if (c == ' ' && !quoted)
            {
                Flush();
            }
            else
            {
                word.Append(c);
            }
        }

        Flush();
        return [.. words];

        void Flush()
        {
            if (word.Length > 0 || any)
            {
                words.Add(word.ToString());
                word.Clear();
                any = false;
            }
        }
    }
}
