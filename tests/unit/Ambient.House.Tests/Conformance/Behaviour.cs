namespace Ambient.House.Tests.Conformance;

/// <summary>One numbered behaviour of the reference.</summary>
internal sealed record Behaviour(int Number, string Group, string Title)
{
    /// <summary>Reads <c># group</c> and <c>number title</c> lines.</summary>
    public static IReadOnlyList<Behaviour> Read(IEnumerable<string> lines)
    {
        List<Behaviour> behaviours = [];
        string group = "";
        foreach (string line in lines.Where(l => l.Length > 0))
        {
            if (line.StartsWith('#'))
            {
                group = line[1..].Trim();
                continue;
            }

            int space = line.IndexOf(' ', StringComparison.Ordinal);
            behaviours.Add(new Behaviour(int.Parse(line.AsSpan(0, space), provider: null), group, line[(space + 1)..].Trim()));
        }

        return behaviours;
    }
}
