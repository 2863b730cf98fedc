using System.Globalization;
using System.Text.RegularExpressions;
using Ambient.Testing.Networks;

namespace Ambient.Cluster.Tests;

/// <summary>What users see: labels, identities, policies, names, kinds of pods.</summary>
[Collection("mesh")]
public sealed class TrafficTests(MeshFixture mesh)
{
    [ClusterFact]
    public async Task LabelledNamespace_TrafficBetweenNodes_IsATunnelWithBothIdentities_AndUnlabelledIsPlain()
    {
        await using Shop shop = await Shop.OpenAsync(mesh, labelled: false);
        string client = await shop.PodAsync("client", "node1");
        string server = await shop.PodAsync("server", "node2");
        Assert.Equal($"server {client} hello", await shop.AskAsync("client", server));
        string inbound = $"ns/{shop.Name}/sa/client";
        Assert.DoesNotContain(inbound, await mesh.LogAsync("ztunnel", "node2"), StringComparison.Ordinal);

        // Running pods join.
        await shop.LabelAsync(true);
        await shop.UntilRedirectedAsync("client");
        await shop.UntilRedirectedAsync("server");
        await mesh.Cluster.UntilAsync(
            async () =>
            {
                Assert.Equal($"server {client} hello", await shop.AskAsync("client", server));
                return (await mesh.LogAsync("ztunnel", "node2")).Split('\n').Any(l =>
                    l.Contains("direction=\"inbound\"", StringComparison.Ordinal) && l.Contains(inbound, StringComparison.Ordinal) && l.Contains($"ns/{shop.Name}/sa/server", StringComparison.Ordinal));
            },
            "inbound line with both identities",
            TimeSpan.FromSeconds(30));

        // By service, from both sides.
        await shop.UntilAnswerAsync("client", $"server.{shop.Name}", a => a == $"server {client} hello");

        // And leave.
        await shop.LabelAsync(false);
        await shop.UntilRedirectedAsync("client", redirected: false);
        await shop.UntilRedirectedAsync("server", redirected: false);
        await shop.UntilAnswerAsync("client", server, a => a == $"server {client} hello");
    }

    [ClusterFact]
    public async Task Policy_Deny_TakesEffect_AndEnds()
    {
        await using Shop shop = await Shop.OpenAsync(mesh);
        string client = await shop.PodAsync("client", "node1");
        string other = await shop.PodAsync("other", "node1");
        string server = await shop.PodAsync("server", "node2");
        await shop.UntilAnswerAsync("client", server, a => a == $"server {client} hello");
        Peer talk = mesh.Cluster.Follow("talk-" + shop.Name, "-n", shop.Name, "exec", "client", "--", "/rig", "talk", server, "9000", "50");
        await talk.LineAsync("20 done");
        await shop.PolicyAsync("deny", $$"""{selector: {matchLabels: {app: server} }, action: DENY, rules: [{from: [{source: {principals: ["cluster.local/ns/{{shop.Name}}/sa/client"] } }] }] }""");
        long applied = TimeProvider.System.GetTimestamp();
        await talk.LineAsync("failed");
        TimeSpan took = TimeProvider.System.GetElapsedTime(applied);
        mesh.Cluster.Time(string.Create(CultureInfo.InvariantCulture, $"policy in force {took.TotalMilliseconds:0} ms after kubectl had applied it"));
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        await shop.UntilAnswerAsync("client", server, a => a.StartsWith("failed", StringComparison.Ordinal));

        // The open connection has ended as well; another caller is not concerned.
        Assert.Equal($"server {other} hello", await shop.AskAsync("other", server));
        await mesh.Cluster.KubectlAsync("-n", shop.Name, "delete", "authorizationpolicy", "deny");
        await shop.UntilAnswerAsync("client", server, a => a == $"server {client} hello");
    }

    [ClusterFact]
    public async Task StrictAndDenied_ProbesOfTheKubelet_StillPass_AndPlainCallersDoNot()
    {
        await using Shop shop = await Shop.OpenAsync(mesh);
        await using Shop outside = await Shop.OpenAsync(mesh, labelled: false);
        await mesh.Cluster.ApplyAsync($"apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {{name: default, namespace: {shop.Name}}}\nspec: {{mtls: {{mode: STRICT}}}}\n");
        await shop.PolicyAsync("nobody", "{}");
        const string Probes = ", readinessProbe: {httpGet: {path: /, port: 9000}, periodSeconds: 1, timeoutSeconds: 5}, livenessProbe: {tcpSocket: {port: 9000}, periodSeconds: 1, failureThreshold: 2, timeoutSeconds: 5}";
        string server = await shop.PodAsync("server", "node2", container: Probes);
        await outside.PodAsync("stranger", "node1");
        await outside.UntilAnswerAsync("stranger", server, a => a.StartsWith("failed", StringComparison.Ordinal));

        // Nobody may reach it, but the kubelet finds it alive, again and again.
        string pattern = $"prober_probe_total{{[^}}]*namespace=\"{shop.Name}\"[^}}]*probe_type=\"Liveness\"[^}}]*result=\"(?<result>[a-z]+)\"[^}}]*}} (?<count>[0-9]+)";
        async Task<MatchCollection> ProbesAsync() => Regex.Matches(await mesh.Cluster.KubectlAsync("get", "--raw", "/api/v1/nodes/node2/proxy/metrics/probes"), pattern, RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        await mesh.Cluster.UntilAsync(async () => (await ProbesAsync()).Any(static probe => probe.Groups["result"].Value == "successful" && int.Parse(probe.Groups["count"].Value, CultureInfo.InvariantCulture) >= 5), "five successful liveness probes");
        Assert.DoesNotContain(await ProbesAsync(), static probe => probe.Groups["result"].Value != "successful");
        Assert.Equal("True", await mesh.Cluster.KubectlAsync("-n", shop.Name, "get", "pod", "server", "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].status}"));
        Assert.Equal("0", await mesh.Cluster.KubectlAsync("-n", shop.Name, "get", "pod", "server", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"));
    }

    [ClusterFact]
    public async Task HostNetworkPods_ReachTheMesh_AndAreReached()
    {
        await using Shop shop = await Shop.OpenAsync(mesh);
        string host = await shop.PodAsync("host", "node1", more: "hostNetwork: true", words: ["/rig", "serve", "9111"]);
        string server = await shop.PodAsync("server", "node2");
        await shop.UntilAnswerAsync("host", server, a => a.StartsWith("server 10.8.0.1 ", StringComparison.Ordinal));
        Assert.StartsWith("node1 ", await shop.AskAsync("server", host, "9111"), StringComparison.Ordinal);
    }

    [ClusterFact]
    public async Task StatefulSet_EachMemberIsReachedByItsOwnName()
    {
        await using Shop shop = await Shop.OpenAsync(mesh);
        string client = await shop.PodAsync("client", "node1");
        await shop.ServersAsync("StatefulSet", "db", 2, service: ", clusterIP: None");

        // Names of members are not ztunnel's to answer: it passes them on to the cluster's own DNS.
        await mesh.Cluster.TellNamesAsync();
        foreach (string member in (string[])["db-0", "db-1"])
        {
            await shop.UntilAnswerAsync("client", $"{member}.db.{shop.Name}.svc.cluster.local", a => a == $"{member} {client} hello");
        }

        await shop.UntilAnswerAsync("client", "db", a => a.StartsWith("db-", StringComparison.Ordinal));
    }

    [ClusterFact]
    public async Task Names_OfServicesAreZtunnelsToAnswer_OthersArePassedOn()
    {
        await using Shop shop = await Shop.OpenAsync(mesh);
        await shop.PodAsync("client", "node1");
        await shop.PodAsync("server", "node1");
        string address = await mesh.Cluster.KubectlAsync("-n", shop.Name, "get", "service", "server", "-o", "jsonpath={.spec.clusterIP}");

        // The cluster's own server has not been told of this one.
        foreach (string name in (string[])["server", "server." + shop.Name, $"server.{shop.Name}.svc", $"server.{shop.Name}.svc.cluster.local"])
        {
            await mesh.Cluster.UntilAsync(async () => await LookUpAsync(shop, name) == address, "answer for " + name, TimeSpan.FromSeconds(20));
        }

        string api = await mesh.Cluster.KubectlAsync("get", "service", "kubernetes", "-o", "jsonpath={.spec.clusterIP}");
        Assert.Equal(api, await LookUpAsync(shop, "kubernetes.default"));
        Assert.Equal("", await LookUpAsync(shop, "nobody." + shop.Name));
        await mesh.Cluster.TellAsync("elsewhere.example", "192.0.2.7");
        Assert.Equal("192.0.2.7", await LookUpAsync(shop, "elsewhere.example"));
    }

    private async Task<string> LookUpAsync(Shop shop, string name)
    {
        string[] lines = (await mesh.Cluster.ExecAsync(shop.Name, "client", "/rig", "find", name)).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines.Length == 0 ? "" : lines[0];
    }
}
