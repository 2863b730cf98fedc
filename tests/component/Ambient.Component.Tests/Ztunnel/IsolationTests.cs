using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Interop;
using Ambient.Testing.Facts;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>Pods that share a ztunnel share nothing else: identities, tunnels, policies and bytes of one are never another's.</summary>
public sealed class IsolationTests
{
    private const int Rounds = 150;

    [RequiresToolFact("nft", root: true)]
    public async Task TwoPodsOfOneZtunnel_KeepTheirIdentitiesAndBytesApart()
    {
        await using MeshPair mesh = await MeshPair.StartSharedAsync(new MeshPlan { IsTwoNodes = true });
        await mesh.ReplaceModelOnNodesAsync(Model(mesh, "[]", "[]"), "c//Pod/bench/stranger");
        await mesh.EnrolAsync(mesh.Stranger);
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        VirtualPod[] pods = [mesh.Client, mesh.Stranger];
        await Task.WhenAll(pods.Select(pod => Task.Run(() => Parallel.For(0, Rounds, new ParallelOptions { MaxDegreeOfParallelism = 4 }, round =>
        {
            using Socket socket = MeshPair.Connect(pod, MeshPair.Service);
            string text = string.Create(CultureInfo.InvariantCulture, $"{pod.Name} {round:0000}");
            AppTalk.Say(socket, text);
            Assert.Equal(text, AppTalk.Hear(socket, text.Length));
        }))));

        await Eventually.TrueAsync(() => Inbound(mesh).Length == 2 * Rounds);
        foreach (VirtualPod pod in pods)
        {
            string[] own = [.. Inbound(mesh).Where(l => l.Contains($"src.addr={pod.Address}:", StringComparison.Ordinal))];
            Assert.Equal(Rounds, own.Length);
            Assert.All(own, l => Assert.Contains($"src.workload=\"{pod.Name}\"", l, StringComparison.Ordinal));
            Assert.All(own, l => Assert.Contains($"src.identity=\"spiffe://cluster.local/ns/bench/sa/{pod.Name}\"", l, StringComparison.Ordinal));
        }
    }

    [RequiresToolFact("nft", root: true)]
    public async Task PolicyAgainstOnePod_DoesNotTouchItsNeighbour_NorIsTheNeighboursTunnelBorrowed()
    {
        await using MeshPair mesh = await MeshPair.StartSharedAsync(new MeshPlan { IsTwoNodes = true });
        await mesh.ReplaceModelOnNodesAsync(Model(mesh, "[]", "[]"), "c//Pod/bench/stranger");
        await mesh.EnrolAsync(mesh.Stranger);
        using EchoServer echo = EchoServer.Start(mesh.Server, MeshPair.Port);
        using Socket stays = MeshPair.Connect(mesh.Client, MeshPair.Service);
        using Socket goes = MeshPair.Connect(mesh.Stranger, MeshPair.Service);
        Assert.True(AppTalk.TryAsk(stays));
        Assert.True(AppTalk.TryAsk(goes));

        const string deny = "[{name: not-you, namespace: bench, scope: WorkloadSelector, action: Deny, rules: [[[{principals: [!Exact cluster.local/ns/bench/sa/stranger]}]]]}]";
        mesh.WriteText(Model(mesh, deny, "[bench/not-you]"));
        AppTalk.AssertReset(goes);
        for (int i = 0; i < 20; i++)
        {
            Assert.True(AppTalk.TryAsk(mesh.Client, MeshPair.Service));
            Assert.False(AppTalk.TryAsk(mesh.Stranger, MeshPair.Service));
            Assert.False(AppTalk.TryAsk(mesh.Stranger, new IPEndPoint(mesh.Server.Address, MeshPair.Port)));
        }

        Assert.True(AppTalk.TryAsk(stays));
    }

    private static string[] Inbound(MeshPair mesh) =>
        [.. mesh.ServerProxy.Process.LogLines().Where(l => l.Contains("connection complete", StringComparison.Ordinal) && l.Contains("direction=\"inbound\"", StringComparison.Ordinal))];

    private static string Model(MeshPair mesh, string policies, string serverPolicies) => $$$"""
        services:
        - {name: cart, namespace: bench, hostname: cart.bench.svc.cluster.local, vips: ["/{{{MeshPair.Service.Address}}}"], ports: {9000: 9000}}
        policies: {{{policies}}}
        workloads:
        - {uid: c//Pod/bench/client, name: client, namespace: bench, trustDomain: cluster.local, serviceAccount: client, workloadIps: ["{{{mesh.Client.Address}}}"], protocol: HBONE, services: {} }
        - {uid: c//Pod/bench/stranger, name: stranger, namespace: bench, trustDomain: cluster.local, serviceAccount: stranger, workloadIps: ["{{{mesh.Stranger.Address}}}"], protocol: HBONE, services: {} }
        - {uid: c//Pod/bench/server, name: server, namespace: bench, trustDomain: cluster.local, serviceAccount: server, workloadIps: ["{{{mesh.Server.Address}}}"], protocol: HBONE, authorizationPolicies: {{{serverPolicies}}}, services: {"bench/cart.bench.svc.cluster.local": {9000: 9000} } }
        """;
}
