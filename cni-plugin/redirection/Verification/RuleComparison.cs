using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Redirection.Verification;

/// <summary>Compares the rules of one chain with what they should be. Order matters: an accept behind a redirect is dead.</summary>
internal static class RuleComparison
{
    public static void Compare(string place, IReadOnlyList<Rule> expected, IReadOnlyList<Rule> actual, List<Difference> differences)
    {
        if (expected.SequenceEqual(actual))
        {
            return;
        }

        var surplus = new List<Rule>(actual);
        int before = differences.Count;
        foreach (Rule rule in expected)
        {
            if (!surplus.Remove(rule))
            {
                differences.Add(new Difference(DifferenceKind.Missing, place, rule.ToString()));
            }
        }

        foreach (Rule rule in surplus)
        {
            differences.Add(new Difference(DifferenceKind.Unexpected, place, rule.ToString()));
        }

        if (differences.Count == before)
        {
            int first = Enumerable.Range(0, expected.Count).First(i => expected[i] != actual[i]);
            differences.Add(new Difference(DifferenceKind.OutOfOrder, place, "expected " + expected[first] + ", found " + actual[first]));
        }
    }

    public static string PlaceOf(RuleTable table, RuleHook hook) =>
        table switch { RuleTable.Raw => "raw", RuleTable.Mangle => "mangle", RuleTable.Nat => "nat", _ => "filter" }
        + (hook == RuleHook.Prerouting ? " prerouting" : " output");
}
