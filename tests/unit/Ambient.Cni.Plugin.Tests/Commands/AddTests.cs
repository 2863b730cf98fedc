using System.Text.Json;
using Ambient.Linux;

namespace Ambient.Cni.Plugin.Tests.Commands;

public sealed class AddTests
{
    private const string Enrolled = """{"verdict":"enrolled","text":"in the mesh"}""";
    private const string Outside = """{"verdict":"outside","text":"no enablement selector matches"}""";

    [Fact]
    [Trait("behaviour", "CNI-22")]
    [Trait("behaviour", "CNI-41")]
    [Trait("behaviour", "CNI-43")]
    public void Enrolled_GuardGoesUpFirst_AgentIsAsked_AndThePreviousResultIsPrinted()
    {
        using var agent = FakeAgent.Saying(200, Enrolled);
        PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration(agent.RunDirectory));
        Assert.Equal((0, PluginRun.Previous, ""), (run.ExitCode, run.Output, run.Errors));
        Assert.Equal(["open /run/netns/web", "raise", "close"], run.Sandboxes.Done);
        string request = Assert.Single(agent.Requests);
        Assert.StartsWith("POST /cmdadd HTTP/1.1\r\n", request, StringComparison.Ordinal);
        using JsonDocument body = JsonDocument.Parse(request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
        Assert.Equal(
            """{"Netns":"/run/netns/web","PodName":"web-1","PodNamespace":"shop","IPs":[{"Address":{"IP":"10.1.0.5"}},{"Address":{"IP":"fd00::5"}}],"PodUID":"u-1","GuardRaised":true,"Ask":true}""",
            body.RootElement.GetRawText());
    }

    [Fact]
    [Trait("behaviour", "CNI-23")]
    [Trait("behaviour", "CNI-42")]
    public void AgentSaysNo_AddFails_AndTheGuardStays()
    {
        using var agent = FakeAgent.Saying(500, "pod shop/web-1 is not in the mesh: nothing listens on port 15008 in the pod");
        PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration(agent.RunDirectory));
        Assert.Equal((1, 11), (run.ExitCode, run.Code));
        Assert.Contains("istio-cni cmdAdd failed to contact node Istio CNI agent", run.Message, StringComparison.Ordinal);
        Assert.Contains("unable to push CNI event (status code 500): pod shop/web-1 is not in the mesh: nothing listens on port 15008", run.Message, StringComparison.Ordinal);
        Assert.True(run.Sandboxes.IsGuarded);
        Assert.Equal("1.0.0", run.Json.GetProperty("cniVersion").GetString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Outside_TheGuardIsGone_ByTheAgentOrElseByThePlugin(bool agentLifts)
    {
        var sandboxes = new FakeSandboxes();
        using var agent = FakeAgent.Doing(s =>
        {
            sandboxes.IsGuarded = !agentLifts;
            s.Send(System.Text.Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {Outside.Length}\r\n\r\n{Outside}"));
        });
        PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration(agent.RunDirectory), sandboxes);
        Assert.Equal((0, PluginRun.Previous), (run.ExitCode, run.Output));
        Assert.False(sandboxes.IsGuarded);
        Assert.Equal(!agentLifts, sandboxes.Done.Contains("lift"));
    }

    [Theory]
    [InlineData("""{"verdict":"deleted","text":""}""")]
    [InlineData("""{"verdict":"Enrolled"}""")]
    [InlineData("""{"verdict":"enrolled","verdict":"outside"}""")]
    [InlineData("""{"verdict":null}""")]
    [InlineData("""{"text":"enrolled"}""")]
    [InlineData("""{"verdict":"enrolled"} x""")]
    [InlineData("""{"verdict":"enrolled""")]
    [InlineData("""["enrolled"]""")]
    [InlineData("\"enrolled\"")]
    [InlineData("enrolled")]
    [InlineData("")]
    public void AnyOtherAnswer_MeansNo(string body)
    {
        using var agent = FakeAgent.Saying(200, body);
        PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration(agent.RunDirectory));
        Assert.Equal((1, 11), (run.ExitCode, run.Code));
        Assert.True(run.Sandboxes.IsGuarded);
    }

    [Theory]
    [InlineData(201)]
    [InlineData(204)]
    [InlineData(302)]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(503)]
    public void AnyOtherStatus_MeansNo_WhateverTheBodySays(int status)
    {
        using var agent = FakeAgent.Saying(status, Enrolled);
        PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration(agent.RunDirectory));
        Assert.Equal(11, run.Code);
        Assert.Contains($"status code {status}", run.Message, StringComparison.Ordinal);
        Assert.True(run.Sandboxes.IsGuarded);
    }

    [Theory]
    [InlineData(200, "", true)]
    [InlineData(500, "pod shop/web-1 is unexpectedly not eligible for ambient enrollment\n", true)]
    [InlineData(500, "no ztunnel connection\n", false)]
    [InlineData(400, "", false)]
    [InlineData(503, "unexpectedly not eligible for ambient enrollment", false)]
    public void UpstreamsAgent_IsUnderstood_WhenTheConfigurationSaysSo(int status, string body, bool starts)
    {
        // Word for word what Go's server sends.
        using var agent = FakeAgent.Sending($"HTTP/1.1 {status} Whatever\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");
        PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration(agent.RunDirectory, ",\"agent_wire\":\"upstream\""));
        Assert.Equal(starts ? 0 : 1, run.ExitCode);

        // Upstream's agent knows nothing of the guard.
        Assert.Equal(!starts, run.Sandboxes.IsGuarded);
        using var same = FakeAgent.Saying(status, body);
        PluginRun ours = PluginRun.Of("ADD", PluginRun.Configuration(same.RunDirectory));
        Assert.Equal((11, true), (ours.Code, ours.Sandboxes.IsGuarded));
    }

    [Fact]
    public void AgentIsAbsent_AddFails_AndTheGuardStays()
    {
        PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration("/nowhere"));
        Assert.Equal(11, run.Code);
        Assert.Contains("/nowhere/pluginevent.sock", run.Message, StringComparison.Ordinal);
        Assert.True(run.Sandboxes.IsGuarded);
    }

    [Fact]
    public void AgentIsSilent_AddFailsInTime()
    {
        using var agent = FakeAgent.Silent();
        PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration(agent.RunDirectory));
        Assert.Equal(11, run.Code);
        Assert.Contains("did not answer within 0.3 s", run.Message, StringComparison.Ordinal);
        Assert.True(run.Sandboxes.IsGuarded);
    }

    [Fact]
    public void AgentDrips_AddFailsInTime()
    {
        using var stop = new CancellationTokenSource();
        using var agent = FakeAgent.Doing(s =>
        {
            while (!stop.IsCancellationRequested)
            {
                s.Send("H"u8);
                stop.Token.WaitHandle.WaitOne(20);
            }
        });
        PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration(agent.RunDirectory));
        stop.Cancel();
        Assert.Equal(11, run.Code);
        Assert.Contains("did not answer within", run.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n{\"verdict\":\"enrolled\",\"text\":\"\"}")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1f\r\n{\"verdict\":\"enrolled\",\"text\":\"\"}\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 31\r\nContent-Length: 31\r\n\r\n{\"verdict\":\"enrolled\",\"text\":\"\"}")]
    [InlineData("HTTP/2 200\r\nContent-Length: 31\r\n\r\n{\"verdict\":\"enrolled\",\"text\":\"\"}")]
    [InlineData("HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"verdict\":\"enrolled\",\"text\":\"\"}")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n")]
    [InlineData("")]
    public void WrongAnswers_MeanNo(string bytes)
    {
        using var agent = FakeAgent.Sending(bytes);
        PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration(agent.RunDirectory));
        Assert.Equal(11, run.Code);
        Assert.True(run.Sandboxes.IsGuarded);
    }

    [Fact]
    public void EndlessHead_MeansNo()
    {
        using var agent = FakeAgent.Sending("HTTP/1.1 200 OK\r\nX: " + new string('x', 100_000));
        Assert.Contains("8192", PluginRun.Of("ADD", PluginRun.Configuration(agent.RunDirectory)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LongRefusal_IsCut()
    {
        using var agent = FakeAgent.Saying(500, new string('x', 60_000));
        Assert.InRange(PluginRun.Of("ADD", PluginRun.Configuration(agent.RunDirectory)).Output.Length, 1000, 2000);
    }

    [Theory]
    [InlineData("istio-cni-node-abcde", "istio-system", "")]
    [InlineData("ambient-cni-node-abcde", "istio-system", "")]
    [InlineData("istio-cni-node-abcde", "istio-system", ",\"ambient_enabled\":false")]
    [Trait("behaviour", "CNI-30")]
    [Trait("behaviour", "CNI-31")]
    public void OwnAgentsPod_IsAlwaysAdmitted(string pod, string ns, string more)
    {
        PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration("/nowhere", more), null, ("CNI_ARGS", $"K8S_POD_NAME={pod};K8S_POD_NAMESPACE={ns}"));
        Assert.Equal((0, PluginRun.Previous), (run.ExitCode, run.Output));
        Assert.Empty(run.Sandboxes.Done);
    }

    [Theory]
    [InlineData("istio-cni-node-abcde", "shop")]
    [InlineData("web-1", "istio-system")]
    [InlineData("istio-cni-node-", "istio-system")]
    [Trait("behaviour", "CNI-31")]
    public void WhoeverOnlyLooksLikeTheAgent_IsAsked(string pod, string ns) =>
        Assert.Equal(11, PluginRun.Of("ADD", PluginRun.Configuration("/nowhere"), null, ("CNI_ARGS", $"K8S_POD_NAME={pod};K8S_POD_NAMESPACE={ns}")).Code);

    [Theory]
    [InlineData("K8S_POD_NAME=a;K8S_POD_NAMESPACE=kube-system", "")]
    [InlineData("", "")]
    [InlineData("IgnoreUnknown=1", "")]
    [InlineData("K8S_POD_NAME=a;K8S_POD_NAMESPACE=shop", ",\"ambient_enabled\":false")]
    [Trait("behaviour", "CNI-28")]
    [Trait("behaviour", "CNI-44")]
    public void PodsThatTheMeshLeavesAlone_AreNotTouched(string arguments, string more)
    {
        using var agent = FakeAgent.Saying(500, "no");
        PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration(agent.RunDirectory, more), null, ("CNI_ARGS", arguments));
        Assert.Equal((0, PluginRun.Previous), (run.ExitCode, run.Output));
        Assert.Empty(run.Sandboxes.Done);
        Assert.Empty(agent.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData(",\"ambient_enabled\":false")]
    [Trait("behaviour", "CNI-32")]
    public void WithoutPreviousResult_TheResultIsAVersion(string more)
    {
        using var agent = FakeAgent.Saying(200, Enrolled);
        PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration(agent.RunDirectory, more, previous: null));
        Assert.Equal((0, "{\"cniVersion\":\"1.0.0\"}\n"), (run.ExitCode, run.Output));
    }

    [Fact]
    public void GuardCannotBeRaised_NobodyIsAsked()
    {
        using var agent = FakeAgent.Saying(200, Enrolled);
        PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration(agent.RunDirectory), new FakeSandboxes { GuardError = Errno.EOPNOTSUPP });
        Assert.Equal(11, run.Code);
        Assert.Contains("nf_tables", run.Message, StringComparison.Ordinal);
        Assert.Empty(agent.Requests);
    }

    [Fact]
    public void NodesOwnNamespace_IsNeverGuarded()
    {
        PluginRun run = PluginRun.Of("ADD", PluginRun.Configuration("/nowhere"), new FakeSandboxes { IsNode = true });
        Assert.Equal(4, run.Code);
        Assert.DoesNotContain("raise", run.Sandboxes.Done);
    }

    [Fact]
    public void NamespaceThatIsGone_IsAnUnknownContainer() =>
        Assert.Equal(3, PluginRun.Of("ADD", PluginRun.Configuration("/nowhere"), new FakeSandboxes { OpenError = Errno.ENOENT }).Code);
}
