using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Interop;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>A policy that comes and goes under load cuts those whom it denies, and nobody else.</summary>
public sealed class PolicyUnderLoadTests
{
    private const int Each = 100;
    private const int ForbiddenPort = 9001;
    private const string DenyPort = "[{name: closed, namespace: bench, scope: WorkloadSelector, action: Deny, rules: [[[{destinationPorts: [9001]}]]]}]";

    [RequiresToolFact("nft", root: true)]
    public async Task Update_CutsWhatItDenies_AndNothingElse()
    {
        await using MeshPair mesh = await MeshPair.StartAsync();
        using EchoServer allowed = EchoServer.Start(mesh.Server, MeshPair.Port);
        using EchoServer forbidden = EchoServer.Start(mesh.Server, ForbiddenPort);
        var target = new IPEndPoint(mesh.Server.Address, ForbiddenPort);
        List<Socket> stay = [];
        List<Socket> go = [];
        for (int i = 0; i < Each; i++)
        {
            // Tunnelled and plain ones.
            stay.Add(MeshPair.Connect(i % 4 == 0 ? mesh.Stranger : mesh.Client, mesh.ServerAddress));
            go.Add(MeshPair.Connect(i % 4 == 0 ? mesh.Stranger : mesh.Client, target));
        }

        Assert.All(stay.Concat(go), s => Assert.True(AppTalk.TryAsk(s)));
        await using SteadyTraffic traffic = SteadyTraffic.Start(mesh.Client, MeshPair.Service);
        await traffic.MoreAsync();

        long written = TimeProvider.System.GetTimestamp();
        mesh.WriteModel(DenyPort, "[bench/closed]");
        Assert.All(go, AppTalk.AssertReset);

        // A second is the promise; the machine is everybody's, so the bound is twice that.
        Assert.InRange(TimeProvider.System.GetElapsedTime(written), TimeSpan.Zero, TimeSpan.FromSeconds(2));
        await traffic.MoreAsync();
        Assert.All(stay, s => Assert.True(AppTalk.TryAsk(s)));
        Assert.False(AppTalk.TryAsk(mesh.Client, target));
        Assert.False(AppTalk.TryAsk(mesh.Stranger, target));
        await Eventually.TrueAsync(() => mesh.ServerProxy.Process.LogLines().Count(l => l.Contains("connection closed due to policy change", StringComparison.Ordinal)) == Each);

        mesh.WriteModel("[]", "[]");
        await Eventually.TrueAsync(() => AppTalk.TryAsk(mesh.Client, target));
        await Eventually.TrueAsync(() => AppTalk.TryAsk(mesh.Stranger, target));
        Assert.All(stay, s => Assert.True(AppTalk.TryAsk(s)));
        await traffic.StopAsync();
        stay.Concat(go).ToList().ForEach(s => s.Dispose());
    }
}
