using Ambient.Topology.Processes;

namespace Ambient.Cluster.Tests;

/// <summary>What operators ask with ambientctl, through a real API server and real kubelets.</summary>
[Collection("mesh")]
public sealed class OperatorTests(MeshFixture mesh)
{
    [ClusterFact]
    public async Task Ambientctl_ChecksTheMesh_AsksProxies_AndExplainsWhatTheyDo()
    {
        await using Shop shop = await Shop.OpenAsync(mesh);
        string client = await shop.PodAsync("client", "node1");
        string server = await shop.PodAsync("server", "node2");
        await shop.UntilAnswerAsync("client", server, a => a == $"server {client} hello");

        CommandResult check = await AskAsync("check");
        Assert.Contains("ok    kinds of the mesh", check.Output, StringComparison.Ordinal);
        Assert.Contains("ok    control plane: 1 of 1 pods ready", check.Output, StringComparison.Ordinal);
        Assert.Contains("ok    service of the control plane", check.Output, StringComparison.Ordinal);
        Assert.Contains("ok    node agent: ready on all 2 nodes", check.Output, StringComparison.Ordinal);
        Assert.Contains("ok    ztunnel: ready on all 2 nodes", check.Output, StringComparison.Ordinal);
        Assert.Contains($"ok    namespace {shop.Name}: 2 of 2 pods are in the mesh", check.Output, StringComparison.Ordinal);
        Assert.Matches($@"(?m)^namespace\s+{shop.Name}\s+2/2", (await AskAsync("status")).Output);

        // Through the kubelet of each node, to a port that listens on loopback alone.
        foreach (string node in new[] { "node1", "node2" })
        {
            CommandResult workloads = await AskAsync("ztunnel-config", "workload", "--node", node, "--workload-namespace", shop.Name);
            Assert.Matches($@"(?m)^{shop.Name}\s+client\s+{client}\s+node1\s+None\s+HBONE$", workloads.Output);
            Assert.Matches($@"(?m)^{shop.Name}\s+server\s+{server}\s+node2\s+None\s+HBONE$", workloads.Output);
        }

        Assert.Matches($@"(?m)^spiffe://cluster.local/ns/{shop.Name}/sa/server\s+Leaf\s+Available\s+true", (await AskAsync("ztunnel-config", "certificate", "--node", "node2")).Output);
        Assert.Contains("current log level is", (await AskAsync("ztunnel-config", "log", "--node", "node1")).Output, StringComparison.Ordinal);

        CommandResult allowed = await AskAsync("explain", "--from", shop.Name + "/client", "--to", "server." + shop.Name);
        Assert.True(allowed.ExitCode == 0 && allowed.Output.Contains("ALLOWED", StringComparison.Ordinal), allowed.Text);
        await shop.PolicyAsync("closed", "{action: DENY, rules: [{from: [{source: {namespaces: [" + shop.Name + "]}}]}]}");
        await mesh.Cluster.UntilAsync(
            async () => (await AskAsync("explain", "--from", shop.Name + "/client", "--to", "server." + shop.Name)) is { ExitCode: 1 } denied && denied.Output.Contains($"{shop.Name}/closed rule 1", StringComparison.Ordinal),
            "explanation of the new policy",
            TimeSpan.FromSeconds(30));
    }

    private Task<CommandResult> AskAsync(params string[] words) => mesh.Cluster.RunBesideAsync(Path.Combine(AppContext.BaseDirectory, "ambientctl"), words);
}
