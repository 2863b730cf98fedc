using System.Globalization;
using System.Text;

namespace Ambient.House.Tests.Conformance;

/// <summary>Writes docs/conformance.md.</summary>
internal static class ConformanceReport
{
    public static string Write(IReadOnlyList<Behaviour> behaviours, SortedDictionary<int, SortedSet<TestReference>> tests, IReadOnlyDictionary<int, string> reasons)
    {
        StringBuilder text = new();
        int covered = behaviours.Count(b => tests.ContainsKey(b.Number));
        text.Append(CultureInfo.InvariantCulture, $"""
            # Conformance

            The numbered behaviours of the node proxy's reference and the tests that cover them. Generated from the tests' `behaviour` traits by `eng/conformance.sh`; a test fails when this
            page is stale. Covered: {covered} of {behaviours.Count}.


            """);
        foreach (IGrouping<string, Behaviour> group in behaviours.GroupBy(b => b.Group))
        {
            int done = group.Count(b => tests.ContainsKey(b.Number));
            text.Append(CultureInfo.InvariantCulture, $"## {group.Key} ({done} of {group.Count()})\n\n| # | Behaviour | Test |\n|---|---|---|\n");
            foreach (Behaviour behaviour in group)
            {
                string test = tests.TryGetValue(behaviour.Number, out SortedSet<TestReference>? found)
                    ? string.Join("<br>", found.Select(Link))
                    : $"not covered yet: {reasons.GetValueOrDefault(behaviour.Number, "no test carries its number")}";
                text.Append(CultureInfo.InvariantCulture, $"| {behaviour.Number} | {behaviour.Title.Replace("|", "\\|", StringComparison.Ordinal)} | {test} |\n");
            }

            text.Append('\n');
        }

        return text.ToString().TrimEnd('\n') + "\n";
    }

    /// <summary>Reads <c>number reason</c> and <c>first-last reason</c> lines.</summary>
    public static IReadOnlyDictionary<int, string> Reasons(IEnumerable<string> lines)
    {
        Dictionary<int, string> reasons = [];
        foreach (string line in lines.Where(l => l.Length > 0 && !l.StartsWith('#')))
        {
            string[] parts = line.Split(' ', 2);
            int[] range = [.. parts[0].Split('-').Select(n => int.Parse(n, CultureInfo.InvariantCulture))];
            for (int number = range[0]; number <= range[^1]; number++)
            {
                reasons[number] = parts[1];
            }
        }

        return reasons;
    }

    private static string Link(TestReference test) => $"[{test.Type}.{test.Method}](../{test.File})";
}
