using Ambient.Cni.Redirection.Rules;
using Ambient.Cni.Redirection.Verification;

namespace Ambient.Cni.Redirection.Tests.Verification;

public sealed class RuleComparisonTests
{
    private static readonly IReadOnlyList<Rule> Rules = RuleSet.Build(new RedirectionOptions()).In(RuleTable.Nat, RuleHook.Output);

    [Fact]
    public void SameRules_HaveNoDifference() => Assert.Empty(Compare([.. Rules]));

    [Fact]
    public void EachRule_Missing_IsNamed()
    {
        for (int i = 0; i < Rules.Count; i++)
        {
            Rule missing = Rules[i];
            Difference difference = Assert.Single(Compare([.. Rules.Where((_, n) => n != i)]));
            Assert.Equal(new Difference(DifferenceKind.Missing, "here", missing.ToString()), difference);
        }
    }

    [Fact]
    public void Rule_Twice_IsUnexpected() => Assert.Equal(DifferenceKind.Unexpected, Assert.Single(Compare([.. Rules, Rules[0]])).Kind);

    [Fact]
    public void Rules_Swapped_AreOutOfOrder() => Assert.Equal(DifferenceKind.OutOfOrder, Assert.Single(Compare([.. Rules.Reverse()])).Kind);

    private static List<Difference> Compare(IReadOnlyList<Rule> actual)
    {
        var differences = new List<Difference>();
        RuleComparison.Compare("here", Rules, actual, differences);
        return differences;
    }
}
