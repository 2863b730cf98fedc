using System.Net.Sockets;
using Ambient.Component.Tests.Interop;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;

namespace Ambient.Component.Tests.NodeAgents;

/// <summary>A ztunnel that is to end, with a real agent: it goes on accepting until another has the pods, or until its time is over.</summary>
public sealed class SuccessionTests
{
    private const int Terminate = 15;

    [RequiresToolFact("nft", root: true)]
    public async Task LastZtunnel_GoesOnAccepting_UntilTheNextHasThePods_AndNoConnectionFails()
    {
        await using AgentNode node = await AgentNode.StartAsync();
        using EchoServer echo = EchoServer.Start(node.Server, AgentNode.Port);
        await using SteadyTraffic traffic = SteadyTraffic.Start(node.Client, node.ServerEndPoint);
        await traffic.MoreAsync();
        using Socket elder = node.Client.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await elder.ConnectAsync(node.ServerEndPoint);
        AppTalk.Say(elder, "before");
        Assert.Equal("before", AppTalk.Hear(elder, 6));

        Peer last = node.Ztunnel;
        last.Process.Signal(Terminate);
        await last.LineAsync("shutting down");

        // As with a DaemonSet that may not start the next one yet: nobody else would accept.
        await traffic.MoreAsync(100);
        Assert.False(last.Process.HasExited);

        node.StartZtunnel();
        await last.LineAsync("another ztunnel has the pods");
        await traffic.MoreAsync(100);

        // What was open ends by itself, and the process with it.
        AppTalk.Say(elder, "still here");
        Assert.Equal("still here", AppTalk.Hear(elder, 10));
        elder.Dispose();
        await last.Process.Exited.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
        await traffic.MoreAsync();
        await traffic.StopAsync();
        Assert.Equal(0, last.Process.ExitCode);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task LastZtunnel_WithoutASuccessor_EndsWithThoseThatWereThereBefore()
    {
        await using AgentNode node = await AgentNode.StartAsync();
        using EchoServer echo = EchoServer.Start(node.Server, AgentNode.Port);
        using Socket elder = node.Client.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await elder.ConnectAsync(node.ServerEndPoint);
        AppTalk.Say(elder, "before");
        Assert.Equal("before", AppTalk.Hear(elder, 6));

        node.Ztunnel.Process.Signal(Terminate);
        await node.Ztunnel.LineAsync("shutting down");
        Assert.True(AppTalk.TryAsk(node.Client, node.ServerEndPoint));
        Assert.False(node.Ztunnel.Process.HasExited);

        elder.Dispose();
        await node.Ztunnel.LineAsync("no other ztunnel has the pods; accepting ends now");
        await node.Ztunnel.Process.Exited.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
        Assert.Equal(0, node.Ztunnel.Process.ExitCode);
    }
}
