using Ambient.Linux.Proc;

namespace Ambient.Linux.Tests.Proc;

public sealed class CapabilitySetTests
{
    [Fact]
    public void TryParse_ReadsTheEffectiveSet()
    {
        Assert.True(CapabilitySet.TryParse("Name:\tx\nCapPrm:\t0000000000000000\nCapEff:\t0000000000201000\n", out CapabilitySet set));
        Assert.True(set.Has(Capability.NetAdmin));
        Assert.True(set.Has(Capability.SysAdmin));
        Assert.Equal(["CAP_NET_RAW"], set.Missing(CapabilitySet.ForPods));
    }

    [Theory]
    [InlineData("")]
    [InlineData("CapEff:\tzz\n")]
    public void TryParse_Nonsense_IsRefused(string status) => Assert.False(CapabilitySet.TryParse(status, out _));

    [Fact]
    public void OpenFileLimit_IsRaisedToTheHardLimit()
    {
        long first = OpenFileLimit.Raise();
        Assert.True(first > 0);
        Assert.Equal(first, OpenFileLimit.Raise());
    }
}
