using System.Globalization;
using System.Text;

namespace Ambient.House.Tests.Conformance;

/// <summary>Writes docs/conformance.md.</summary>
internal static class ConformanceReport
{
    private const string OnPurpose = "differs on purpose:";

    public static string Write(IReadOnlyList<(Reference Reference, SortedDictionary<int, SortedSet<TestReference>> Tests)> parts)
    {
        StringBuilder text = new();
        string covered = string.Join(", ", parts.Select(p => Covered(p.Reference, p.Tests)));
        text.Append(CultureInfo.InvariantCulture, $"""
            # Conformance

            The numbered behaviours of the references and the tests that cover them. Generated from the tests' `behaviour` traits by `eng/conformance.sh`; a test fails when this page is
            stale. Covered: {covered}.


            """);
        foreach ((Reference reference, SortedDictionary<int, SortedSet<TestReference>> tests) in parts)
        {
            text.Append(CultureInfo.InvariantCulture, $"# {reference.Title} ({reference.Prefix})\n\n");
            WriteGroups(text, reference, tests);
        }

        return text.ToString().TrimEnd('\n') + "\n";
    }

    private static string Covered(Reference reference, SortedDictionary<int, SortedSet<TestReference>> tests)
    {
        int differing = reference.Behaviours.Count(b => !tests.ContainsKey(b.Number) && Differs(reference, b));
        return $"{reference.Prefix} {reference.Behaviours.Count(b => tests.ContainsKey(b.Number))} of {reference.Count}{(differing == 0 ? "" : $" ({differing} differ on purpose)")}";
    }

    private static void WriteGroups(StringBuilder text, Reference reference, SortedDictionary<int, SortedSet<TestReference>> tests)
    {
        IReadOnlyDictionary<int, string> reasons = reference.Reasons;
        foreach (IGrouping<string, Behaviour> group in reference.Behaviours.GroupBy(b => b.Group))
        {
            int done = group.Count(b => tests.ContainsKey(b.Number));
            text.Append(CultureInfo.InvariantCulture, $"## {group.Key} ({done} of {group.Count()})\n\n| # | Behaviour | Test |\n|---|---|---|\n");
            foreach (Behaviour behaviour in group)
            {
                string test = tests.TryGetValue(behaviour.Number, out SortedSet<TestReference>? found)
                    ? string.Join("<br>", found.Select(Link).Concat(InPart(reasons.GetValueOrDefault(behaviour.Number))))
                    : Reason(reasons.GetValueOrDefault(behaviour.Number, "no test carries its number"));
                text.Append(CultureInfo.InvariantCulture, $"| {behaviour.Number} | {behaviour.Title.Replace("|", "\\|", StringComparison.Ordinal)} | {test} |\n");
            }

            text.Append('\n');
        }
    }

    /// <summary>A decision is told as one, everything else as work that is left.</summary>
    private static string Reason(string reason) => reason.StartsWith(OnPurpose, StringComparison.Ordinal) ? reason : "not covered yet: " + reason;

    /// <summary>What tests do not show of a behaviour that they are about.</summary>
    private static IEnumerable<string> InPart(string? reason) => reason?.StartsWith("in part:", StringComparison.Ordinal) == true ? [reason] : [];

    private static bool Differs(Reference reference, Behaviour behaviour) =>
        reference.Reasons.GetValueOrDefault(behaviour.Number)?.StartsWith(OnPurpose, StringComparison.Ordinal) == true;

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
