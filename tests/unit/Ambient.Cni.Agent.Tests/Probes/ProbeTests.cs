using System.Net;
using Ambient.Cni.Agent.Probes;

namespace Ambient.Cni.Agent.Tests.Probes;

public sealed class ProbeTests
{
    [Fact]
    [Trait("behaviour", "CNI-133")]
    public void Table_NamesOnlyProbedPortsOfPods()
    {
        string text = NodeProbeText.Render(
            [(IPAddress.Parse("10.0.0.3"), 80), (IPAddress.Parse("10.0.0.2"), 8080), (IPAddress.Parse("10.0.0.2"), 8080), (IPAddress.Parse("fd00::2"), 8080)],
            1000,
            IPAddress.Parse("169.254.7.127"),
            IPAddress.Parse("fd16::1"));
        Assert.Contains("elements = { 10.0.0.2 . 8080, 10.0.0.3 . 80 }", text, StringComparison.Ordinal);
        Assert.Contains("elements = { fd00::2 . 8080 }", text, StringComparison.Ordinal);
        Assert.Contains("meta skuid 1000 ip daddr . tcp dport @probes-v4 counter snat ip to 169.254.7.127", text, StringComparison.Ordinal);
        Assert.DoesNotContain("elements", NodeProbeText.Render([], 0, IPAddress.Loopback, IPAddress.IPv6Loopback), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kubelet", "/usr/bin/kubelet", true)]
    [InlineData("kubelite", "/snap/kubelite --kubelet-args", true)]
    [InlineData("kubelite", "/snap/other", false)]
    [InlineData("k3s", "server", true)]
    [InlineData("bash", "kubelet", false)]
    [Trait("behaviour", "CNI-187")]
    public void Kubelet_IsRecognised(string command, string arguments, bool expected) => Assert.Equal(expected, KubeletUser.IsKubelet(command, arguments.Split(' ')));

    [Fact]
    public void User_IsTheRealOne()
    {
        Assert.Equal(1001u, KubeletUser.ReadUser("Name:\tkubelet\nUid:\t1001\t0\t0\t0\n"));
        Assert.Null(KubeletUser.ReadUser("Uid:\n"));
    }
}
