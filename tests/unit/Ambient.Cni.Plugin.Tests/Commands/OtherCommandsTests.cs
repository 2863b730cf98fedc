using Ambient.Linux;

namespace Ambient.Cni.Plugin.Tests.Commands;

public sealed class OtherCommandsTests
{
    [Fact]
    public void Delete_TellsTheAgent_AndSaysNothing()
    {
        using var agent = FakeAgent.Saying(200, """{"verdict":"deleted","text":""}""");
        PluginRun run = PluginRun.Of("DEL", PluginRun.Configuration(agent.RunDirectory));
        Assert.Equal((0, ""), (run.ExitCode, run.Output));
        Assert.StartsWith("POST /cmddel HTTP/1.1\r\n", Assert.Single(agent.Requests), StringComparison.Ordinal);
        Assert.Empty(run.Sandboxes.Done);
    }

    [Fact]
    public void Delete_NeverFails_ForTheAgentsSake()
    {
        using var refusing = FakeAgent.Saying(500, "no");
        using var silent = FakeAgent.Silent();
        using var garbage = FakeAgent.Sending("garbage");
        string[] folders = ["/nowhere", refusing.RunDirectory, silent.RunDirectory, garbage.RunDirectory];
        Assert.All(folders, f => Assert.Equal((0, ""), (PluginRun.Of("DEL", PluginRun.Configuration(f)).ExitCode, PluginRun.Of("DEL", PluginRun.Configuration(f)).Output)));
    }

    [Theory]
    [InlineData("", PluginRun.Previous, "IgnoreUnknown")]
    [InlineData("", "{\"ips\":[{\"address\":\"none\"}]}", PluginRun.Pod)]
    [InlineData("", "[]", PluginRun.Pod)]
    [InlineData(",\"ambient_enabled\":7", PluginRun.Previous, PluginRun.Pod)]
    public void Delete_NeverFails_ForWhatItDoesNotNeed(string more, string previous, string arguments)
    {
        using var agent = FakeAgent.Saying(200, """{"verdict":"deleted","text":""}""");
        PluginRun run = PluginRun.Of("DEL", PluginRun.Configuration(agent.RunDirectory, more, previous: previous), null, ("CNI_ARGS", arguments));
        Assert.Equal((0, ""), (run.ExitCode, run.Output));
    }

    [Fact]
    public void Delete_WithoutNamespaceOrPreviousResult_IsDone()
    {
        using var agent = FakeAgent.Saying(500, "no");
        Assert.Equal(0, PluginRun.Of("DEL", PluginRun.Configuration(agent.RunDirectory, previous: null), null, ("CNI_NETNS", null)).ExitCode);
        Assert.Empty(agent.Requests);
    }

    [Fact]
    public void Check_HealthySandbox_IsSilent()
    {
        PluginRun run = PluginRun.Of("CHECK", PluginRun.Configuration("/nowhere"));
        Assert.Equal((0, ""), (run.ExitCode, run.Output));
    }

    [Fact]
    public void Check_HeldPod_SaysSo()
    {
        PluginRun run = PluginRun.Of("CHECK", PluginRun.Configuration("/nowhere"), new FakeSandboxes { IsGuarded = true });
        Assert.Equal(100, run.Code);
        Assert.Contains("guard", run.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_NeedsThePreviousResult() => Assert.Equal(7, PluginRun.Of("CHECK", PluginRun.Configuration("/nowhere", previous: null)).Code);

    [Fact]
    public void Check_SandboxThatIsGone_Fails() => Assert.Equal(3, PluginRun.Of("CHECK", PluginRun.Configuration("/nowhere"), new FakeSandboxes { OpenError = Errno.ENOENT }).Code);

    [Theory]
    [InlineData("CHECK", "0.3.1", 1)]
    [InlineData("CHECK", "0.4.0", null)]
    [InlineData("STATUS", "1.0.0", 1)]
    [InlineData("STATUS", "1.1.0", null)]
    [InlineData("GC", "1.0.0", 1)]
    [InlineData("GC", "1.1.0", null)]
    [InlineData("DEL", "0.3.0", null)]
    [InlineData("DEL", "0.2.0", 1)]
    [InlineData("DEL", "1.2.0", 1)]
    [InlineData("DEL", "2.0.0", 1)]
    [InlineData("DEL", "garbage", 1)]
    public void Commands_ExistSinceTheirVersion(string command, string version, int? code) =>
        Assert.Equal(code, PluginRun.Of(command, PluginRun.Configuration("/nowhere", version: version)).Code);

    [Theory]
    [InlineData("")]
    [InlineData(",\"cni.dev/valid-attachments\":[{\"containerID\":\"c1\",\"ifname\":\"eth0\"}]")]
    public void GarbageCollection_HasNothingToCollect(string more)
    {
        PluginRun run = PluginRun.Of("GC", PluginRun.Configuration("/nowhere", more, "1.1.0", null), null, ("CNI_CONTAINERID", null), ("CNI_NETNS", null), ("CNI_IFNAME", null));
        Assert.Equal((0, ""), (run.ExitCode, run.Output));
    }

    [Fact]
    public void Status_DoesNotWaitForAnAgentThatWouldWaitForIt() =>
        Assert.Equal(0, PluginRun.Of("STATUS", PluginRun.Configuration("/nowhere", version: "1.1.0", previous: null)).ExitCode);

    [Fact]
    public void Status_WithAnAgentOnTheNodesNetwork_IsTheAgents()
    {
        const string flag = ",\"agent_on_host_network\":true";
        using var healthy = FakeAgent.Saying(200, "ok");
        using var ill = FakeAgent.Saying(503, "the agent's loop has not turned");
        Assert.Equal(0, PluginRun.Of("STATUS", PluginRun.Configuration(healthy.RunDirectory, flag, "1.1.0")).ExitCode);
        Assert.Equal(50, PluginRun.Of("STATUS", PluginRun.Configuration(ill.RunDirectory, flag, "1.1.0")).Code);
        Assert.Equal(50, PluginRun.Of("STATUS", PluginRun.Configuration("/nowhere", flag, "1.1.0")).Code);
        Assert.StartsWith("GET /healthz HTTP/1.1\r\n", Assert.Single(healthy.Requests), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"cniVersion":"0.4.0"}""", "0.4.0")]
    [InlineData("""{"cniVersion":"9.9.9"}""", "9.9.9")]
    [InlineData("{}", "1.1.0")]
    [InlineData("", "1.1.0")]
    [InlineData("garbage", "1.1.0")]
    public void Version_AlwaysAnswers(string input, string version)
    {
        PluginRun run = PluginRun.Of("VERSION", input, null, ("CNI_CONTAINERID", null), ("CNI_NETNS", null), ("CNI_IFNAME", null));
        Assert.Equal((0, version), (run.ExitCode, run.Json.GetProperty("cniVersion").GetString()));
        Assert.Equal(["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"], run.Json.GetProperty("supportedVersions").EnumerateArray().Select(v => v.GetString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("add")]
    [InlineData("UPDATE")]
    public void UnknownCommand_IsAnError(string command) => Assert.Equal(4, PluginRun.Of(command, "{}").Code);
}
