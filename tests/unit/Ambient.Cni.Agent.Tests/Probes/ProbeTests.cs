using System.Net;
using Ambient.Cni.Agent.Probes;
using Ambient.Cni.Agent.Settings;

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

    [Theory]
    [InlineData(ProbeMode.Automatic, "", ProbeMode.Translate, "169.254.7.127")]
    [InlineData(ProbeMode.Automatic, "10.0.1.7 fe80::1 fd00::7", ProbeMode.NodeAddress, "10.0.1.7")]
    [InlineData(ProbeMode.Automatic, "fe80::1", ProbeMode.Translate, "169.254.7.127")]
    [InlineData(ProbeMode.Translate, "10.0.1.7", ProbeMode.Translate, "169.254.7.127")]
    [InlineData(ProbeMode.Off, "10.0.1.7", ProbeMode.Off, "169.254.7.127")]
    public void Mode_IsChosenByTheNodesNetwork_UnlessItIsSaid(ProbeMode said, string cilium, ProbeMode expected, string address)
    {
        var choice = ProbeChoice.Make(new AgentSettings { Probes = said }, [.. cilium.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(IPAddress.Parse)]);
        Assert.Equal((expected, IPAddress.Parse(address)), (choice.Mode, choice.Address));
        Assert.Equal(expected == ProbeMode.NodeAddress ? "fd00::7" : "fd16:9254:7127:1337:ffff:ffff:ffff:ffff", choice.AddressV6.ToString());
    }

    [Fact]
    public void User_IsTheRealOne()
    {
        Assert.Equal(1001u, KubeletUser.ReadUser("Name:\tkubelet\nUid:\t1001\t0\t0\t0\n"));
        Assert.Null(KubeletUser.ReadUser("Uid:\n"));
    }

    [Fact]
    public async Task WhoComesWhileSomethingIsWritten_SharesTheNextWriting_AndOnlyWhatDiffersIsWritten()
    {
        List<string> loads = [];
        var slow = new TaskCompletionSource<string?>();
        using var rules = new NodeProbeRules(null, 0, IPAddress.Parse("169.254.7.127"), IPAddress.Parse("fd16::1"), (text, _) =>
        {
            loads.Add(text);
            return loads.Count == 2 ? slow.Task : Task.FromResult<string?>(null);
        });
        Assert.Null(await rules.AdmitAsync("early", [IPAddress.Parse("10.0.0.9")], [1], CancellationToken.None));
        Assert.Empty(loads);
        Assert.Null(await rules.SettleAsync(CancellationToken.None));
        Assert.Contains("10.0.0.9 . 1", Assert.Single(loads), StringComparison.Ordinal);
        Task<string?>[] all = [.. Enumerable.Range(1, 3).Select(n => rules.AdmitAsync("u" + n, [IPAddress.Parse("10.0.0." + n)], [80], CancellationToken.None))];
        slow.SetResult(null);
        Assert.All(await Task.WhenAll(all), Assert.Null);
        Assert.Equal(["add element inet ambient-probes probes-v4 { 10.0.0.1 . 80 }\n", "add element inet ambient-probes probes-v4 { 10.0.0.2 . 80, 10.0.0.3 . 80 }\n"], loads[1..]);
        Assert.Null(await rules.WithdrawAsync("u2", CancellationToken.None));
        Assert.Equal("delete element inet ambient-probes probes-v4 { 10.0.0.2 . 80 }\n", loads[^1]);
        Assert.Null(await rules.WithdrawAsync("unknown", CancellationToken.None));
        Assert.Equal(4, loads.Count);
    }

    [Fact]
    public async Task TableThatIsNotAsItWasLeft_IsWrittenAsAWhole_AndWhatFailsIsTold()
    {
        List<string> loads = [];
        bool isBroken = false;
        using var rules = new NodeProbeRules(null, 0, IPAddress.Parse("169.254.7.127"), IPAddress.Parse("fd16::1"), (text, _) =>
        {
            loads.Add(text);
            return Task.FromResult(isBroken || text.StartsWith("add element", StringComparison.Ordinal) ? "no such table" : null);
        });
        Assert.Null(await rules.SettleAsync(CancellationToken.None));
        Assert.Null(await rules.AdmitAsync("a", [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("fd00::1")], [80], CancellationToken.None));
        Assert.Equal(3, loads.Count);
        Assert.Contains("fd00::1 . 80", loads[2], StringComparison.Ordinal);
        isBroken = true;
        Assert.Equal("the node's probe rules cannot be written: no such table", await rules.AdmitAsync("b", [IPAddress.Parse("10.0.0.2")], [80], CancellationToken.None));
        isBroken = false;
        Assert.Null(await rules.AdmitAsync("b", [IPAddress.Parse("10.0.0.2")], [80], CancellationToken.None));
        Assert.StartsWith("add table", loads[^1], StringComparison.Ordinal);
    }
}
