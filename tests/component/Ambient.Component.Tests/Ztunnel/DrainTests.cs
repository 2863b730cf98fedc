using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Interop;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>The end of the process (ztunnel.md 11): who may finish, what a second signal does, and when patience is over.</summary>
public sealed class DrainTests
{
    private const int Interrupt = 2;
    private const int Terminate = 15;
    private const int OtherPort = 9001;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(4);

    [RequiresRootTheory("nft")]
    [InlineData(Interrupt)]
    [InlineData(Terminate)]
    public async Task SecondInterrupt_EndsTheDrainAtOnce(int first)
    {
        await using MeshPair mesh = await MeshPair.StartWithAsync(("TERMINATION_GRACE_PERIOD_SECONDS", "600"));
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        using Socket server = await MeshPair.AcceptAsync(listener);
        Peer proxy = mesh.ClientProxy;
        proxy.Process.Signal(first);
        await proxy.LineAsync("shutting down");
        AppTalk.Say(client, "still here");
        Assert.Equal("still here", AppTalk.Hear(server, 10));

        proxy.Process.Signal(Interrupt);
        await proxy.Process.Exited.WaitAsync(Soon, TimeProvider.System);
        Assert.Equal(0, proxy.Process.ExitCode);
        AppTalk.AssertReset(client);
        AppTalk.AssertReset(server);
    }

    [RequiresRootTheory("nft")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SecondTerminate_ChangesNothing_AndTheDrainEndsWithTheLastStream(bool clientSide)
    {
        await using MeshPair mesh = await MeshPair.StartWithAsync(("TERMINATION_GRACE_PERIOD_SECONDS", "600"));
        using Socket listener = MeshPair.Listen(mesh.Server);
        using EchoServer echo = EchoServer.Start(mesh.Server, OtherPort);
        var pairs = new List<(Socket Client, Socket Server)>();
        for (int i = 0; i < 3; i++)
        {
            Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
            pairs.Add((client, await MeshPair.AcceptAsync(listener)));
        }

        Peer proxy = clientSide ? mesh.ClientProxy : mesh.ServerProxy;
        proxy.Process.Signal(Terminate);
        await proxy.LineAsync("shutting down");
        proxy.Process.Signal(Terminate);
        await Eventually.TrueAsync(() => !AppTalk.TryAsk(mesh.Client, new IPEndPoint(mesh.Server.Address, OtherPort)));
        foreach ((Socket client, Socket server) in pairs)
        {
            // Both directions, then the end: the process stays for those that are left.
            Assert.False(proxy.Process.HasExited);
            AppTalk.Say(client, "question");
            Assert.Equal("question", AppTalk.Hear(server, 8));
            AppTalk.Say(server, "answer");
            Assert.Equal("answer", AppTalk.Hear(client, 6));
            client.Shutdown(SocketShutdown.Send);
            AppTalk.AssertEnd(server);
            server.Shutdown(SocketShutdown.Send);
            AppTalk.AssertEnd(client);
            client.Dispose();
            server.Dispose();
        }

        await proxy.Process.Exited.WaitAsync(Soon, TimeProvider.System);
        Assert.Equal(0, proxy.Process.ExitCode);
        Assert.DoesNotContain("connection drain", proxy.Log, StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task WhatIsLeftAfterTheDrainTime_IsCut_AndSaysSo()
    {
        await using MeshPair mesh = await MeshPair.StartWithAsync(("CONNECTION_TERMINATION_DEADLINE", "500ms"));
        using Socket listener = MeshPair.Listen(mesh.Server);
        using Socket client = MeshPair.Connect(mesh.Client, MeshPair.Service);
        using Socket server = await MeshPair.AcceptAsync(listener);
        mesh.ServerProxy.Process.Signal(Terminate);
        AppTalk.AssertReset(client);
        AppTalk.AssertReset(server);
        await mesh.ServerProxy.Process.Exited.WaitAsync(Soon, TimeProvider.System);
        Assert.Equal(0, mesh.ServerProxy.Process.ExitCode);
        Assert.Contains("connection closed due to connection drain", await mesh.ServerProxy.LineAsync("connection complete"), StringComparison.Ordinal);
    }

    [RequiresToolFact("nft", root: true)]
    public async Task ServersProxyDrains_ItsSuccessorTakesOver_AndNoConnectionIsLost()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        using Socket old = MeshPair.Connect(mesh.Client, MeshPair.Service);
        Assert.True(AppTalk.TryAsk(old));
        Peer leaving = mesh.ServerProxy;
        leaving.Process.Signal(Terminate);
        await Eventually.TrueAsync(() => !AppTalk.TryAsk(mesh.Client, MeshPair.Service));
        mesh.StartServerProxy();
        await Eventually.TrueAsync(() => AppTalk.TryAsk(mesh.Client, MeshPair.Service));
        Assert.True(AppTalk.TryAsk(old));
        old.Dispose();
        await leaving.Process.Exited.WaitAsync(Soon, TimeProvider.System);
    }
}
