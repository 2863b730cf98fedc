using System.Globalization;
using System.Text.Json.Nodes;
using Ambient.Rig.Nodes;
using Ambient.Testing.Networks;
using Ambient.Topology.Captures;
using Xunit.Abstractions;

namespace Ambient.Cluster.Tests;

/// <summary>What goes on while parts of the mesh are replaced, and while pods and nodes come and go.</summary>
[Collection("mesh")]
public sealed class FaultTests(MeshFixture mesh, ITestOutputHelper output)
{
    [ClusterFact]
    public async Task ControlPlane_RollsOver_AndNoConnectionNotices()
    {
        await using Shop shop = await Shop.OpenAsync(mesh);
        (Peer talk, Peer knock) = await StartTrafficAsync(shop);
        await mesh.Cluster.KubectlAsync("-n", MeshFixture.System, "rollout", "restart", "deployment/istiod");
        await mesh.Cluster.KubectlAsync("-n", MeshFixture.System, "rollout", "status", "deployment/istiod", "--timeout=120s");

        // What is new since then is known to everybody.
        string late = await shop.PodAsync("late", "node1");
        await shop.UntilAnswerAsync("late", "server." + shop.Name, a => a == $"server {late} hello");
        await AssertUnbrokenAsync(talk, knock);
    }

    [ClusterFact]
    public async Task Ztunnel_RollsOver_NewConnectionsGoOn()
    {
        await using Shop shop = await Shop.OpenAsync(mesh);
        (Peer talk, Peer knock) = await StartTrafficAsync(shop);
        await mesh.Cluster.KubectlAsync("-n", MeshFixture.System, "rollout", "restart", "daemonset/ztunnel");
        await mesh.Cluster.KubectlAsync("-n", MeshFixture.System, "rollout", "status", "daemonset/ztunnel", "--timeout=180s");
        await shop.UntilAnswerAsync("client", "server." + shop.Name, a => a.StartsWith("server ", StringComparison.Ordinal));
        await shop.UntilRedirectedAsync("client");

        // Before 1.22 a DaemonSet cannot start the next pod before the last one has gone: what it interrupts is counted, not forbidden.
        string[] failures = [.. knock.Process.LogLines().Concat(talk.Process.LogLines()).Where(l => l.StartsWith("failed", StringComparison.Ordinal))];
        string text = $"ztunnels replaced one after the other, {failures.Length} connections failed ({string.Join("; ", failures.Take(3))}); new ones: {knock.Process.LogTail(1).Trim()}";
        output.WriteLine(text);
        mesh.Cluster.Time(text);
        await mesh.KeepLogsAsync("rollover");
    }

    [ClusterFact]
    [Trait("behaviour", "CNI-212")]
    public async Task NextZtunnel_BesideTheLast_TakesOver_AndNoNewConnectionFails()
    {
        await using Shop shop = await Shop.OpenAsync(mesh);
        (Peer talk, Peer knock) = await StartTrafficAsync(shop);

        // What a DaemonSet does by maxSurge from 1.22 on: two on a node, then the older one goes. Twice, so that all is as before.
        JsonNode original = JsonNode.Parse(await mesh.Cluster.KubectlAsync("-n", MeshFixture.System, "get", "daemonset", "ztunnel", "-o", "json"))!;
        DateTimeOffset deleted = await ReplaceAsync(original, "ztunnel-next", "ztunnel");
        await ReplaceAsync(original, "ztunnel", "ztunnel-next");
        await shop.UntilRedirectedAsync("client");
        AssertNoFailure(knock);

        // A connection stays with the ztunnel that took it, which goes five seconds before Kubernetes would kill it: until then it is whole, and no longer.
        int drain = original["spec"]!["template"]!["spec"]!["terminationGracePeriodSeconds"]!.GetValue<int>() - 5;
        string fate = "unbroken";
        if (talk.Process.LogLines().FirstOrDefault(static l => l.StartsWith("failed", StringComparison.Ordinal)) is { } cut)
        {
            double after = double.Parse(cut.Split(" at ")[1].Split(':')[0], CultureInfo.InvariantCulture) - (deleted.ToUnixTimeMilliseconds() / 1000.0);
            Assert.True(after >= drain, $"cut {after:0.0} s after the older ztunnels were told to go, whose time to drain is {drain} s: {cut}");
            fate = string.Create(CultureInfo.InvariantCulture, $"cut after {after:0.0} s, the time to drain being {drain} s ({cut})");
        }

        mesh.Cluster.Time("ztunnels replaced with surge; the long connection: " + fate);
    }

    [ClusterFact]
    public async Task Agent_RollsOver_AndNoConnectionNotices()
    {
        await using Shop shop = await Shop.OpenAsync(mesh);
        (Peer talk, Peer knock) = await StartTrafficAsync(shop);
        await mesh.Cluster.KubectlAsync("-n", MeshFixture.System, "rollout", "restart", "daemonset/istio-cni-node");
        await mesh.Cluster.KubectlAsync("-n", MeshFixture.System, "rollout", "status", "daemonset/istio-cni-node", "--timeout=180s");
        string late = await shop.PodAsync("late", "node1");
        await shop.UntilAnswerAsync("late", "server." + shop.Name, a => a == $"server {late} hello");
        await AssertUnbrokenAsync(talk, knock);
    }

    [ClusterFact]
    public async Task WhateverIsKilled_NothingCrossesInPlainText_AndTrafficComesBack()
    {
        await using Shop shop = await Shop.OpenAsync(mesh);
        await using Shop outside = await Shop.OpenAsync(mesh, labelled: false);
        string stranger = await outside.PodAsync("stranger", "node1");
        string open = await outside.PodAsync("open", "node2");
        await using PacketCapture plain = await mesh.Cluster.CaptureAsync("tcp", "port", "9000");

        // What the capture must see, so that what it does not see means something.
        Assert.Equal($"open {stranger} hello", await outside.AskAsync("stranger", open));
        string client = await shop.PodAsync("client", "node1");
        await shop.ServersAsync("Deployment", "servers", 2);
        Peer knock = mesh.Cluster.Follow("knock-" + shop.Name, "-n", shop.Name, "exec", "client", "--", "/rig", "knock", "servers." + shop.Name, "9000", "20");
        await knock.LineAsync("50 done");
        await KillAsync("app=ztunnel");
        await mesh.Cluster.KubectlAsync("-n", shop.Name, "delete", "pod", "-l", "app=servers", "--wait=false");
        await mesh.Cluster.UntilReadyAsync(MeshFixture.System, "app=ztunnel", 2);
        await KillAsync("k8s-app=istio-cni-node");
        await KillAsync("app=istiod");
        await mesh.Cluster.KubectlAsync("-n", shop.Name, "delete", "pod", "-l", "app=servers", "--wait=false");
        await mesh.Cluster.UntilReadyAsync(MeshFixture.System, "k8s-app=istio-cni-node", 2);
        await mesh.Cluster.UntilReadyAsync(MeshFixture.System, "app=istiod", 1);
        await mesh.Cluster.UntilReadyAsync(shop.Name, "app=servers", 2);
        await KillAsync("k8s-app=istio-cni-node");
        await KillAsync("app=ztunnel");
        await mesh.Cluster.UntilReadyAsync(MeshFixture.System, "app=ztunnel", 2);
        await mesh.Cluster.UntilReadyAsync(MeshFixture.System, "k8s-app=istio-cni-node", 2);
        await shop.UntilAnswerAsync("client", "servers." + shop.Name, a => a.EndsWith(client + " hello", StringComparison.Ordinal));
        int failed = knock.Process.LogLines().Count(l => l.StartsWith("failed", StringComparison.Ordinal));
        mesh.Cluster.Time($"killed everything twice, {failed} connections failed");
        IReadOnlyList<CapturedPacket> packets = await plain.StopAsync();
        string[] known = [stranger, open];
        Assert.Contains(packets, p => known.Contains(p.Source?.Address.ToString()));
        Assert.Empty(packets.Where(p => !known.Contains(p.Source?.Address.ToString()) || !known.Contains(p.Destination?.Address.ToString())).Select(p => $"{p.Source} {p.Destination}").Distinct());
    }

    [ClusterFact]
    [Trait("behaviour", "CNI-211")]
    public async Task PodsComeAndGo_UnderLoad_AndNoConnectionFails()
    {
        await using Shop shop = await Shop.OpenAsync(mesh);
        await shop.PodAsync("client", "node1");
        await shop.ServersAsync("Deployment", "servers", 2);
        Peer knock = mesh.Cluster.Follow("knock-" + shop.Name, "-n", shop.Name, "exec", "client", "--", "/rig", "knock", "servers." + shop.Name, "9000", "50");
        await knock.LineAsync("20 done");
        foreach (int replicas in (int[])[6, 2, 5])
        {
            await mesh.Cluster.KubectlAsync("-n", shop.Name, "scale", "deployment/servers", "--replicas=" + replicas.ToString(CultureInfo.InvariantCulture));
            await mesh.Cluster.UntilReadyAsync(shop.Name, "app=servers", replicas);
        }

        await mesh.Cluster.KubectlAsync("-n", shop.Name, "rollout", "restart", "deployment/servers");
        await mesh.Cluster.KubectlAsync("-n", shop.Name, "rollout", "status", "deployment/servers", "--timeout=120s");
        AssertNoFailure(knock);
    }

    [ClusterFact]
    public async Task NodeDies_ItsPodsAreLeftOut_AndItComesBack()
    {
        await using Shop shop = await Shop.OpenAsync(mesh);
        string client = await shop.PodAsync("client", "node1");
        await shop.PodAsync("local", "node1");
        await shop.PodAsync("remote", "node2", more: "restartPolicy: Always");
        await shop.UntilAnswerAsync("client", "remote", a => a.EndsWith(client + " hello", StringComparison.Ordinal));
        RigNode node = mesh.Cluster.Nodes[1];
        await node.KillAsync();
        await mesh.Cluster.UntilAsync(async () => (await mesh.Cluster.KubectlAsync("get", "node", "node2", "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].status}")) != "True", "node not ready");
        Assert.Equal($"local {client} hello", await shop.AskAsync("client", "local"));
        Assert.StartsWith("failed", await shop.AskAsync("client", "remote"), StringComparison.Ordinal);

        await node.StartAsync();
        await mesh.Cluster.UntilAsync(async () => (await mesh.Cluster.KubectlAsync("get", "node", "node2", "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].status}")) == "True", "node ready again");
        await mesh.Cluster.UntilReadyAsync(MeshFixture.System, "app=ztunnel", 2);
        await mesh.Cluster.UntilReadyAsync(MeshFixture.System, "k8s-app=istio-cni-node", 2);
        await mesh.Cluster.UntilReadyAsync(shop.Name, "app=remote", 1);
        await shop.UntilRedirectedAsync("remote");
        await shop.UntilAnswerAsync("client", "remote", a => a == $"remote {client} hello");
    }

    /// <summary>Starts a ztunnel under another name beside the one there is, then takes the latter away, gracefully: since when is the result.</summary>
    private async Task<DateTimeOffset> ReplaceAsync(JsonNode original, string next, string last)
    {
        JsonNode copy = original.DeepClone();
        copy["metadata"] = new JsonObject { ["name"] = next, ["namespace"] = MeshFixture.System, ["labels"] = original["metadata"]!["labels"]!.DeepClone() };
        copy.AsObject().Remove("status");
        copy["spec"]!["selector"]!["matchLabels"]!["generation"] = next;
        copy["spec"]!["template"]!["metadata"]!["labels"]!["generation"] = next;
        await mesh.Cluster.ApplyAsync(copy.ToJsonString());
        await mesh.Cluster.UntilReadyAsync(MeshFixture.System, "generation=" + next, 2);
        DateTimeOffset asked = TimeProvider.System.GetUtcNow();
        await mesh.Cluster.KubectlAsync("-n", MeshFixture.System, "delete", "daemonset", last, "--wait=false");
        await mesh.Cluster.UntilReadyAsync(MeshFixture.System, "app=ztunnel", 2);
        return asked;
    }

    /// <summary>Without warning, as a crash does it.</summary>
    private Task KillAsync(string selector) => mesh.Cluster.KubectlAsync("-n", MeshFixture.System, "delete", "pod", "-l", selector, "--force", "--grace-period=0", "--wait=false");

    private async Task<(Peer Talk, Peer Knock)> StartTrafficAsync(Shop shop)
    {
        await shop.PodAsync("client", "node1");
        await shop.PodAsync("server", "node2");
        await shop.UntilAnswerAsync("client", "server." + shop.Name, a => a.StartsWith("server ", StringComparison.Ordinal));
        Peer talk = mesh.Cluster.Follow("talk-" + shop.Name, "-n", shop.Name, "exec", "client", "--", "/rig", "talk", "server." + shop.Name, "9000", "50");
        Peer knock = mesh.Cluster.Follow("knock-" + shop.Name, "-n", shop.Name, "exec", "client", "--", "/rig", "knock", "server." + shop.Name, "9000", "50");
        await talk.LineAsync("20 done");
        await knock.LineAsync("20 done");
        return (talk, knock);
    }

    /// <summary>Both go on for another while, and neither has failed.</summary>
    private static async Task AssertUnbrokenAsync(Peer talk, Peer knock)
    {
        foreach (Peer peer in (Peer[])[talk, knock])
        {
            int lines = peer.Process.LogLines().Count;
            await Testing.Waiting.Eventually.TrueAsync(() => peer.Process.LogLines().Count > lines + 1 || peer.Process.HasExited);
            AssertNoFailure(peer);
        }
    }

    private static void AssertNoFailure(Peer peer)
    {
        string[] failures = [.. peer.Process.LogLines().Where(l => l.StartsWith("failed", StringComparison.Ordinal))];
        Assert.True(failures.Length == 0 && !peer.Process.HasExited, $"{peer.Process.Plan.Name}: {string.Join('\n', failures)}\n{peer.Process.LogTail()}");
    }
}
