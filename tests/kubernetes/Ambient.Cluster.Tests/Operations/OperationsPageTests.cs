using System.Diagnostics;
using Ambient.Rig;
using Ambient.Rig.Clusters;
using Ambient.Rig.Nodes;
using Ambient.Testing.Networks;
using Ambient.Topology.Processes;
using Xunit.Abstractions;

namespace Ambient.Cluster.Tests.Operations;

/// <summary>docs/operations.md, followed line by line: its blocks are the script, so that they cannot differ from what works.</summary>
public sealed class OperationsPageTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string System = "istio-system";
    private const string Documented = "registry.example/ambient";
    private static readonly string[] Images = ["ambientd", "cni", "ztunnel", "waypoint"];
    private RigCluster Cluster { get; } = new();
    private readonly OperationsPage _page = new(File.ReadAllText(Path.Combine(Repository.Root, "docs", "operations.md")));
    private readonly List<string> _exports = [];
    private Dictionary<string, Func<Task>> _after = [];
    private string _programs = "";
    private string _renderer = "";
    private string _client = "";

    public async Task InitializeAsync()
    {
        if (ClusterFactAttribute.Missing() is null)
        {
            await Cluster.StartAsync(Images);
            _renderer = (await Command.RunAsync("bash", [Path.Combine(Repository.Root, "eng", "chart-renderer.sh")], deadline: TimeSpan.FromMinutes(5))).OrThrow().Output.Trim();
            _programs = Path.Combine(AppContext.BaseDirectory, "operations") + ":" + AppContext.BaseDirectory.TrimEnd('/');
        }
    }

    public async Task DisposeAsync()
    {
        if (ClusterFactAttribute.Missing() is null)
        {
            await Cluster.HoldAsync(_programs);
        }

        await Cluster.DisposeAsync();
    }

    [ClusterFact("jq")]
    public async Task Page_IsFollowed_FromInstallingToRemoving_AndNothingIsLeft()
    {
        await using Shop shop = await Shop.OpenAsync(Cluster, labelled: false, "shop");
        _client = await shop.PodAsync("client", "node1");
        string server = await shop.PodAsync("server", "node2");
        (string, string)[] pods = [("node1", _client), ("node2", server)];
        IReadOnlyList<string> before = await NodeTraces.OfAsync(Cluster, pods);
        Peer knock = Cluster.Follow("knock", "-n", "shop", "exec", "client", "--", "/rig", "knock", server, "9000", "100");
        _after = Expectations(shop, pods);

        await FollowAsync("Installing on Kubernetes");
        foreach (IReadOnlyList<string> row in _page.Rows("Finding faults"))
        {
            await AskAsync(row);
        }

        // The images of the next version are these again, under the tag that the page upgrades to.
        foreach (string image in Images)
        {
            await TagAsync(image, "0.2.0");
        }

        await FollowAsync("Upgrading");
        await FollowAsync("Removing");
        await AssertGoneAsync(before, pods);

        // Nothing that is left stands in the way of the next one, and of pods meanwhile.
        string late = await shop.PodAsync("late", "node1");
        await shop.UntilAnswerAsync("late", server, a => a == $"server {late} hello");
        await Cluster.KubectlAsync("create", "namespace", System);
        await FollowAsync("Other ways to install");
        Assert.True(_after.Count == 0, "the page has lost: " + string.Join(", ", _after.Keys));
        string[] failures = [.. knock.Process.LogLines().Where(l => l.StartsWith("failed", StringComparison.Ordinal))];
        output.WriteLine($"connections that failed meanwhile, one each 100 ms: {failures.Length} ({string.Join("; ", failures.Take(5))}); {knock.Process.LogTail(1)}");
        Cluster.Time("operations page");
        await File.AppendAllLinesAsync(Path.Combine(Repository.Root, "artifacts", "kubernetes-times.txt"), Cluster.Times);
        output.WriteLine(string.Join('\n', Cluster.Times));
    }

    /// <summary>What must be true after the block that holds a line.</summary>
    private Dictionary<string, Func<Task>> Expectations(Shop shop, (string Node, string Address)[] pods) => new(StringComparer.Ordinal)
    {
        ["helm upgrade --install ztunnel charts/ztunnel -n istio-system --set global.hub=$HUB --set global.tag=$TAG --wait\n"] = () => Task.CompletedTask,
        ["ambientctl check"] = () => Task.CompletedTask,
        ["kubectl label namespace shop istio.io/dataplane-mode=ambient"] = async () =>
        {
            await shop.UntilRedirectedAsync("client");
            await shop.UntilRedirectedAsync("server");
            await shop.UntilAnswerAsync("client", "server.shop", a => a == $"server {_client} hello");
        },
        ["kind: AuthorizationPolicy"] = async () =>
        {
            string stranger = await shop.PodAsync("stranger", "node1");
            await shop.UntilAnswerAsync("client", "server.shop", a => a == $"server {_client} hello");
            await shop.UntilAnswerAsync("stranger", "server.shop", a => a.StartsWith("failed", StringComparison.Ordinal));
            Assert.NotEmpty(stranger);
            await Cluster.KubectlAsync("-n", "shop", "delete", "pod/stranger", "service/stranger", "serviceaccount/stranger");
        },
        ["ambientctl waypoint apply -n shop --enroll-namespace --wait"] = async () =>
        {
            await Cluster.UntilReadyAsync("shop", "gateway.networking.k8s.io/gateway-name=waypoint", 1);
            await shop.UntilAnswerAsync("client", "server.shop", a => a.StartsWith("server ", StringComparison.Ordinal));
        },
        ["export TAG=0.2.0"] = async () =>
        {
            foreach (string workload in (string[])["deployment/istiod", "daemonset/istio-cni-node", "daemonset/ztunnel"])
            {
                Assert.EndsWith(":0.2.0", await Cluster.KubectlAsync("-n", System, "get", workload, "-o", "jsonpath={.spec.template.spec.containers[0].image}"), StringComparison.Ordinal);
            }

            await shop.UntilAnswerAsync("client", "server.shop", a => a.StartsWith("server ", StringComparison.Ordinal));
        },
        ["helm rollback ztunnel"] = async () =>
        {
            Assert.EndsWith(":0.1.0", await Cluster.KubectlAsync("-n", System, "get", "daemonset/ztunnel", "-o", "jsonpath={.spec.template.spec.containers[0].image}"), StringComparison.Ordinal);
            await shop.UntilAnswerAsync("client", "server.shop", a => a.StartsWith("server ", StringComparison.Ordinal));
        },
        ["--set revision=canary"] = async () =>
        {
            await Cluster.UntilAsync(async () => (await Cluster.KubectlAsync("-n", System, "get", "deployments", "-o", "name")).Trim() == "deployment.apps/istiod", "end of the canary");
            await shop.UntilAnswerAsync("client", "server.shop", a => a.StartsWith("server ", StringComparison.Ordinal));
        },
        ["istio.io/dataplane-mode-"] = async () =>
        {
            await shop.UntilRedirectedAsync("client", redirected: false);
            await shop.UntilRedirectedAsync("server", redirected: false);
            await shop.UntilAnswerAsync("client", pods[1].Address, a => a == $"server {_client} hello");
        },
        ["helm uninstall ztunnel istio-cni istiod istio-base"] = () => Cluster.UntilAsync(async () => (await Cluster.PodsAsync(System, "")).Count == 0, "end of the mesh's pods"),
        ["kubectl delete crd"] = () => Task.CompletedTask,
        ["helm upgrade --install ambient charts/ambient"] = () => Cluster.UntilReadyAsync(System, "app=ztunnel", 2),
    };

    /// <summary>Runs the blocks of a section, each to its end; what they export holds for those that follow.</summary>
    private async Task FollowAsync(string section)
    {
        foreach (string block in _page.Blocks(section))
        {
            long started = Stopwatch.GetTimestamp();
            string text = block.Replace(Documented, "docker.io/ambient", StringComparison.Ordinal);

            // A block waits for programs that look for each other by name.
            using var ended = new CancellationTokenSource();
            Task telling = Cluster.KeepTellingNamesAsync(ended.Token);
            CommandResult result = await ShellAsync(text);
            await ended.CancelAsync();
            await telling;
            output.WriteLine($"$ {text.Replace("\n", "\n$ ", StringComparison.Ordinal)}\n{result.Text}({Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s)");
            Assert.True(result.Succeeded, $"{section}: {text}\n{result.Text}\n{await Cluster.PictureAsync()}");
            _exports.AddRange(text.Split('\n').Where(l => l.StartsWith("export ", StringComparison.Ordinal)));
            foreach ((string line, Func<Task> check) in _after.Where(e => (text + "\n").Contains(e.Key, StringComparison.Ordinal)).ToArray())
            {
                await check();
                _after.Remove(line);
            }
        }
    }

    /// <summary>Runs the commands of one row of the table of faults; a port that is forwarded stays so until its row ends.</summary>
    private async Task AskAsync(IReadOnlyList<string> commands)
    {
        var lines = new List<string>();
        foreach (string command in commands)
        {
            lines.Add(command.Contains(" port-forward ", StringComparison.Ordinal)
                ? $"{command} >/dev/null & forward=$!; trap 'kill $forward' EXIT; until curl -so /dev/null localhost:{command.Split(' ')[^1]}; do sleep 0.2; done"
                : command + " || [ $? -eq 1 ]");
        }

        CommandResult result = await ShellAsync(string.Join('\n', lines));
        output.WriteLine($"$ {string.Join("\n$ ", commands)}\n{string.Join('\n', result.Text.Split('\n').Take(12))}");
        Assert.True(result.Succeeded && result.Output.Length > 0, $"{string.Join('\n', commands)}\n{result.Text}");
    }

    private Task<CommandResult> ShellAsync(string lines) => Cluster.ShellAsync(
        $"cd {Repository.Root}\n{string.Join('\n', _exports)}\n{lines.Replace("> dump.json", $"> {Cluster.Folder}/dump.json", StringComparison.Ordinal).Replace("-f dump.json", $"-f {Cluster.Folder}/dump.json", StringComparison.Ordinal)}",
        _programs,
        new Dictionary<string, string>(StringComparer.Ordinal) { ["HELM_HOME"] = Path.Combine(Cluster.Folder, "helm"), ["CHART_RENDERER"] = _renderer },
        TimeSpan.FromMinutes(6));

    private async Task TagAsync(string image, string tag)
    {
        foreach (RigNode node in Cluster.Nodes)
        {
            (await node.RunAsync(Path.Combine(KubernetesBinaries.Folder, "ctr"), "-n", "k8s.io", "images", "tag", $"docker.io/ambient/{image}:0.1.0", $"docker.io/ambient/{image}:{tag}")).OrThrow();
        }
    }

    /// <summary>Agents clean up when they end, which may be after their objects are gone.</summary>
    private async Task AssertGoneAsync(IReadOnlyList<string> before, (string Node, string Address)[] pods)
    {
        string[] left = [];
        try
        {
            await Cluster.UntilAsync(async () => (left = [.. (await NodeTraces.OfAsync(Cluster, pods)).Except(before)]).Length == 0, "clean nodes", TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException)
        {
            Assert.Fail("left behind:\n" + string.Join('\n', left));
        }

        Assert.Empty(before.Except(await NodeTraces.OfAsync(Cluster, pods)));
    }
}
