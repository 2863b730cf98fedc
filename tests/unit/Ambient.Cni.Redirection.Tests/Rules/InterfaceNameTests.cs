using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Redirection.Tests.Rules;

public sealed class InterfaceNameTests
{
    [Theory]
    [InlineData("eth0")]
    [InlineData("eth+")]
    [InlineData("k6t-net1.200")]
    [InlineData("veth_a@b")]
    [InlineData("abcdefghijklmno")]
    public void Name_ThatIsLegal_IsReadAsItIs(string text)
    {
        Assert.True(InterfaceName.TryParse(text, out InterfaceName? name));
        Assert.Equal(text, name.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("+")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("-j")]
    [InlineData("abcdefghijklmnop")]
    [InlineData("eth0 ")]
    [InlineData("eth/0")]
    [InlineData("eth0\n-A OUTPUT -j ACCEPT")]
    [InlineData("eth0\"; flush ruleset; \"")]
    [InlineData("eth*")]
    [InlineData("e;th")]
    [InlineData("$x")]
    [InlineData("éth0")]
    public void Name_ThatIsNot_IsRefused(string? text) => Assert.False(InterfaceName.TryParse(text, out _));

    [Fact]
    public void Name_OfRandomText_IsRefusedOrHarmless()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        for (int i = 0; i < 20_000; i++)
        {
            string text = new([.. Enumerable.Range(0, random.Next(0, 20)).Select(_ => (char)random.Next(0, 256))]);
            if (InterfaceName.TryParse(text, out InterfaceName? name))
            {
                Assert.True(name.Name.All(c => char.IsAsciiLetterOrDigit(c) || "._-@".Contains(c, StringComparison.Ordinal)), $"seed {seed}: {text}");
                Assert.InRange(name.Name.Length, 1, 15);
            }
        }
    }
}
