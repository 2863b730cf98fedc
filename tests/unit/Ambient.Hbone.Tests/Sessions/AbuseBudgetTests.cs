using Ambient.Hbone.Sessions;

namespace Ambient.Hbone.Tests.Sessions;

/// <summary>What time gives back.</summary>
public sealed class AbuseBudgetTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void TimeRefills_HoweverOftenItIsAsked(int stepMilliseconds)
    {
        // 700 points a second are within what a second gives back, in whatever portions they come.
        AbuseBudget budget = default;
        long spent = 0;
        for (long now = 0; now < 100_000; now += stepMilliseconds)
        {
            int points = (int)((700 * now / 1000) - spent);
            spent += points;
            Assert.True(budget.TrySpend(points, now), $"spent after {now} ms");
        }
    }

    [Fact]
    public void MoreThanTimeGivesBack_IsTooMuch()
    {
        AbuseBudget budget = default;
        long now = 0;
        while (budget.TrySpend(2, now))
        {
            now++;
            Assert.True(now < 20_000, "2000 points a second were never too many");
        }

        Assert.InRange(now, 5_000, 10_000);
    }
}
