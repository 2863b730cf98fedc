using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Ambient.Cni.Plugin.Tests.Agents;

/// <summary>What the plugin tells the agent's log, when somebody listens there.</summary>
public sealed class PluginLogTests
{
    [Theory]
    [InlineData("info", 200, """{"verdict":"enrolled","text":""}""", "info sandbox added")]
    [InlineData("warn", 200, """{"verdict":"enrolled","text":""}""", null)]
    [InlineData("loud", 200, """{"verdict":"outside","text":""}""", "info sandbox added")]
    [InlineData("error", 500, "no", "error istio-cni cmdAdd failed to contact node Istio CNI agent: unable to push CNI event (status code 500): no")]
    [Trait("behaviour", "CNI-45")]
    public void Operation_IsTold_AtItsLevel(string level, int status, string body, string? expected)
    {
        using var agent = FakeAgent.Saying(status, body);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(agent.RunDirectory, "log.sock")));
        listener.Listen();
        PluginRun.Of("ADD", PluginRun.Configuration(agent.RunDirectory, $",\"plugin_log_level\":\"{level}\""));
        if (expected is null)
        {
            Assert.False(listener.Poll(0, SelectMode.SelectRead));
            return;
        }

        // It is in the kernel's buffer, whether anybody is in time or not.
        using Socket client = listener.Accept();
        byte[] buffer = new byte[16384];
        string request = Encoding.UTF8.GetString(buffer, 0, client.Receive(buffer));
        Assert.StartsWith("POST /log HTTP/1.1\r\nHost: unix\r\n", request, StringComparison.Ordinal);
        using JsonDocument lines = JsonDocument.Parse(request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
        using JsonDocument line = JsonDocument.Parse(Assert.Single(lines.RootElement.EnumerateArray()).GetString()!);
        Assert.Equal(expected, $"{line.RootElement.GetProperty("level").GetString()} {line.RootElement.GetProperty("msg").GetString()}");
        Assert.True(DateTimeOffset.TryParse(line.RootElement.GetProperty("time").GetString(), System.Globalization.CultureInfo.InvariantCulture, out _));
    }

    [Fact]
    public void ListenerThatNeverReads_HoldsUpNothing()
    {
        using var agent = FakeAgent.Saying(200, """{"verdict":"enrolled","text":""}""");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(agent.RunDirectory, "log.sock")));
        listener.Listen(1);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(0, PluginRun.Of("ADD", PluginRun.Configuration(agent.RunDirectory)).ExitCode);
        }
    }
}
