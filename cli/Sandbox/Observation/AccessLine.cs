namespace Ambient.Cli.Sandbox.Observation;

/// <summary>One line of ztunnel's access log (ztunnel.md 10.4), for people: only what the demo shows. Immutable.</summary>
internal static class AccessLine
{
    private static readonly string[] Shown = ["direction", "src.addr", "src.identity", "dst.addr", "dst.hbone_addr", "dst.service", "dst.identity", "error"];

    /// <summary>The value of a key, without quotes; null when the line does not have it.</summary>
    public static string? Value(string line, string key)
    {
        int at = line.IndexOf(" " + key + "=", StringComparison.Ordinal);
        at = at < 0 ? line.IndexOf("\t" + key + "=", StringComparison.Ordinal) : at;
        if (at < 0)
        {
            return null;
        }

        ReadOnlySpan<char> rest = line.AsSpan(at + key.Length + 2);
        if (rest.Length > 0 && rest[0] == '"')
        {
            int end = rest[1..].IndexOf('"');
            return end < 0 ? rest[1..].ToString() : rest.Slice(1, end).ToString();
        }

        int blank = rest.IndexOf(' ');
        return (blank < 0 ? rest : rest[..blank]).ToString();
    }

    /// <summary>The values that matter in a demonstration, in one line.</summary>
    public static string Summary(string line) => string.Join(' ', Shown
        .Select(k => (Key: k, Text: Value(line, k)))
        .Where(p => p.Text is not null)
        .Select(p => p.Key + "=" + p.Text));
}
