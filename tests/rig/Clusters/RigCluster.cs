using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Ambient.Rig.Nodes;
using Ambient.Testing.Networks;
using Ambient.Topology.Captures;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Rig.Clusters;

/// <summary>
/// A real Kubernetes: etcd, API server, controllers and scheduler beside the bridge between two nodes, each with containerd, kubelet and kube-proxy.
/// Everything is in namespaces that end with this. Thread-safe once started.
/// </summary>
public sealed class RigCluster : IAsyncDisposable
{
    /// <summary>What <see cref="RequiresRigFactAttribute"/> must find.</summary>
    public const string Programs = "etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kube-proxy, kubectl";

    /// <summary>The image of pods of tests.</summary>
    public const string Image = "docker.io/ambient/rig:0.1.0";

    private static readonly IPAddress Address = IPAddress.Parse("10.8.0.100");
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(180);
    private readonly TestNetwork _network = new();
    private readonly KernelSettings _settings = new();
    private readonly List<RigNode> _nodes = [];
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private ClusterFiles? _files;

    /// <summary>The nodes.</summary>
    public IReadOnlyList<RigNode> Nodes => _nodes;

    /// <summary>Logs and files.</summary>
    public string Folder => _network.Directory;

    /// <summary>What took how long, for the report.</summary>
    public List<string> Times { get; } = [];

    /// <summary>Starts everything; the images are on every node.</summary>
    public async Task StartAsync(params string[] images)
    {
        foreach (string name in (string[])["node1", "node2"])
        {
            _network.AddNode(name);
        }

        JoinFabric();
        _files = new ClusterFiles(Path.Combine(Folder, "files"), Address);
        string[] archives = await Task.WhenAll(images.Select(Repository.ImageAsync));
        string names = Path.Combine(Folder, "names");
        await File.WriteAllTextAsync(names, "");
        ProcessPlan[] parts = [.. ControlPlaneParts.Plans(_files, _network.FabricName, Address, Folder)];
        foreach (ProcessPlan plan in parts.Take(2))
        {
            _network.Start(plan);
        }

        _network.Start(new ProcessPlan("names", await ProgramAsync(), "names", Address.ToString(), names) { NamespaceName = _network.FabricName, LogPath = Path.Combine(Folder, "names.log") });
        foreach (VirtualNode node in _network.Nodes)
        {
            _files.AddNode(node.Name, node.Address);
            (Dictionary<string, string> files, Dictionary<string, string> services) = ControlPlaneParts.Node(_files, node.Name, node.Address, Address, Path.Combine(Folder, node.Name));
            files["etc/resolv.conf"] = $"nameserver {Address}\n";
            _nodes.Add(new RigNode(node, Folder, new NodePlan { Images = archives, Files = files, Services = services }));
        }

        Task nodes = Task.WhenAll(_nodes.Select(n => n.StartAsync()));

        // The others end when they may not read yet what the API server makes after its start.
        await UntilAsync(async () => (await TryKubectlAsync(null, "get", "--raw", "/readyz")).Output == "ok", "API server");
        Time("API server");
        foreach (ProcessPlan plan in parts.Skip(2))
        {
            _network.Start(plan);
        }

        await nodes;
        Time("containerd with images");
        await UntilAsync(async () => (await TryKubectlAsync(null, "get", "nodes", "-o", "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}")).Output == "True True", "two ready nodes");
        await UntilAsync(async () => (await TryKubectlAsync(null, "get", "serviceaccount", "default")).ExitCode == 0, "default service account");
        Time("nodes ready");
        await TellNamesAsync();
    }

    /// <summary>kubectl as the cluster's administrator; its output. Throws when it fails.</summary>
    public async Task<string> KubectlAsync(params string[] arguments) => (await TryKubectlAsync(null, arguments)).OrThrow().Output;

    /// <summary>kubectl with an input.</summary>
    public Task<CommandResult> TryKubectlAsync(string? input, params string[] arguments) => Command.RunInAsync(
        _network.FabricName,
        Path.Combine(KubernetesBinaries.Folder, "kubectl"),
        ["--kubeconfig", _files!.Path("admin.conf"), "--cache-dir", Path.Combine(Folder, "kubectl"), .. arguments],
        input,
        TimeSpan.FromMinutes(3));

    /// <summary>Another program as the cluster's administrator, which takes <c>--kubeconfig</c>.</summary>
    public Task<CommandResult> RunBesideAsync(string program, params string[] arguments) =>
        Command.RunInAsync(_network.FabricName, program, [.. arguments, "--kubeconfig", _files!.Path("admin.conf")], deadline: TimeSpan.FromMinutes(2));

    /// <summary>
    /// Runs lines of a shell beside the cluster, as its administrator would: kubectl and whatever the folder holds are found, <c>KUBECONFIG</c> is set, ports
    /// that are forwarded are on this loopback. Ends at the first line that fails.
    /// </summary>
    public Task<CommandResult> ShellAsync(string lines, string programs, IReadOnlyDictionary<string, string>? variables = null, TimeSpan? deadline = null) =>
        Command.RunAsync("bash", [EntryPath(programs, variables ?? new Dictionary<string, string>(StringComparer.Ordinal)), "bash", "-euo", "pipefail", "-c", lines], deadline: deadline ?? StartLimit);

    /// <summary>Writes a script that runs what it is given beside the cluster (<see cref="ShellAsync"/>); its path.</summary>
    public string EntryPath(string programs, IReadOnlyDictionary<string, string> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        string path = Path.Combine(Folder, "beside.sh");
        string set = string.Join(' ', variables.Select(v => $"{v.Key}='{v.Value}'"));
        File.WriteAllText(path, $"exec ip netns exec {_network.FabricName} env HOME={Folder} KUBECONFIG={_files!.Path("admin.conf")} PATH={programs}:{KubernetesBinaries.Folder}:$PATH {set} \"$@\"\n");
        return path;
    }

    /// <summary>Applies manifests. Fields are checked by the server, not by an old client.</summary>
    public async Task ApplyAsync(string manifests) => (await TryKubectlAsync(manifests, "apply", "--validate=false", "-f", "-")).OrThrow();

    /// <summary>An object as JSON.</summary>
    public async Task<JsonElement> GetAsync(params string[] arguments)
    {
        using JsonDocument document = JsonDocument.Parse(await KubectlAsync(["get", .. arguments, "-o", "json"]));
        return document.RootElement.Clone();
    }

    /// <summary>Runs a program in a pod.</summary>
    public Task<CommandResult> ExecAsync(string space, string pod, params string[] words) => TryKubectlAsync(null, ["-n", space, "exec", pod, "--", .. words]);

    /// <summary>How to keep kubectl running, such as for a log or a long exec.</summary>
    public Peer Follow(string name, params string[] arguments) => _network.Start(
        new ProcessPlan(name, Path.Combine(KubernetesBinaries.Folder, "kubectl"), ["--kubeconfig", _files!.Path("admin.conf"), .. arguments])
        {
            NamespaceName = _network.FabricName,
            LogPath = Path.Combine(Folder, name + ".log"),
        });

    /// <summary>Records what crosses the wire between the nodes.</summary>
    public Task<PacketCapture> CaptureAsync(params string[] filter) => _network.CaptureAsync(_network.FabricName, "bridge", filter);

    /// <summary>Tells the cluster's DNS what services and members of StatefulSets there are, as CoreDNS would find out by itself.</summary>
    public async Task TellNamesAsync()
    {
        var lines = new List<string>();
        foreach (JsonElement service in (await GetAsync("services", "-A")).GetProperty("items").EnumerateArray())
        {
            JsonElement meta = service.GetProperty("metadata");
            string ip = service.GetProperty("spec").TryGetProperty("clusterIP", out JsonElement cluster) ? cluster.GetString()! : "";
            if (IPAddress.TryParse(ip, out _))
            {
                lines.Add($"{meta.GetProperty("name").GetString()}.{meta.GetProperty("namespace").GetString()}.svc.cluster.local {ip}");
            }
        }

        foreach (JsonElement endpoints in (await GetAsync("endpoints", "-A")).GetProperty("items").EnumerateArray())
        {
            string service = $"{endpoints.GetProperty("metadata").GetProperty("name").GetString()}.{endpoints.GetProperty("metadata").GetProperty("namespace").GetString()}";
            lines.AddRange(Members(endpoints).Select(m => $"{m.Name}.{service}.svc.cluster.local {m.Address}"));
        }

        string path = Path.Combine(Folder, "names");
        await File.WriteAllLinesAsync(path + ".new", lines);
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>Tells it again and again until cancelled.</summary>
    public async Task KeepTellingNamesAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await TellNamesAsync();
            await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, cancellation));
        }
    }

    /// <summary>Tells the cluster's DNS one more name, until the next <see cref="TellNamesAsync"/>.</summary>
    public Task TellAsync(string name, string address) => File.AppendAllTextAsync(Path.Combine(Folder, "names"), $"{name} {address}\n");

    /// <summary>Waits for a condition of the cluster; throws with what the nodes and pods look like.</summary>
    public async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? limit = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        long started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > (limit ?? StartLimit))
            {
                throw new TimeoutException($"no {what} within {(limit ?? StartLimit).TotalSeconds:0} s; {await PictureAsync()}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        }
    }

    /// <summary>Waits until every pod of a selector is ready, and that there are so many.</summary>
    public Task UntilReadyAsync(string space, string selector, int count) => UntilAsync(
        async () =>
        {
            JsonElement pods = (await GetAsync("pods", "-n", space, "-l", selector)).GetProperty("items");
            return pods.GetArrayLength() == count && pods.EnumerateArray().All(IsReady);
        },
        $"{count} ready pods {space}/{selector}");

    /// <summary>Names of pods, with the node that each is on.</summary>
    public async Task<IReadOnlyList<(string Name, string Node, string Address)>> PodsAsync(string space, string selector)
    {
        JsonElement pods = (await GetAsync("pods", "-n", space, "-l", selector)).GetProperty("items");
        return
        [
            .. pods.EnumerateArray().Select(p => (
                p.GetProperty("metadata").GetProperty("name").GetString()!,
                p.GetProperty("spec").TryGetProperty("nodeName", out JsonElement node) ? node.GetString()! : "",
                p.GetProperty("status").TryGetProperty("podIP", out JsonElement address) ? address.GetString()! : "")),
        ];
    }

    /// <summary>Notes how long it took to come here.</summary>
    public void Time(string what)
    {
        lock (Times)
        {
            Times.Add($"{what} {_watch.Elapsed.TotalSeconds:0.0} s");
        }
    }

    /// <summary>What an operator would look at first.</summary>
    public async Task<string> PictureAsync()
    {
        CommandResult nodes = await TryKubectlAsync(null, "get", "nodes,pods", "-A", "-o", "wide");
        CommandResult events = await TryKubectlAsync(null, "get", "events", "-A", "--sort-by=.lastTimestamp");
        return nodes.Output + nodes.Errors + "\n" + string.Join('\n', events.Output.Split('\n').TakeLast(25));
    }

    /// <summary>Somebody wants to look around: it stays until the file that AMBIENT_RIG_HOLD names, a script that runs commands beside it, is removed.</summary>
    public async Task HoldAsync(string programs)
    {
        if (Environment.GetEnvironmentVariable("AMBIENT_RIG_HOLD") is { Length: > 0 } hold)
        {
            File.Copy(EntryPath(programs, new Dictionary<string, string>(StringComparer.Ordinal)), hold, overwrite: true);
            while (File.Exists(hold))
            {
                await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_nodes.Select(async n => await n.DisposeAsync()));
        await _network.DisposeAsync();
        _files?.Dispose();
        _settings.Dispose();
    }

    private static bool IsReady(JsonElement pod) =>
        !pod.GetProperty("metadata").TryGetProperty("deletionTimestamp", out _)
        && pod.GetProperty("status").TryGetProperty("conditions", out JsonElement conditions)
        && conditions.EnumerateArray().Any(c => c.GetProperty("type").GetString() == "Ready" && c.GetProperty("status").GetString() == "True");

    /// <summary>Addresses that have a name of their own, as those of a StatefulSet do.</summary>
    private static IEnumerable<(string Name, string Address)> Members(JsonElement endpoints) =>
        from subset in endpoints.TryGetProperty("subsets", out JsonElement subsets) ? subsets.EnumerateArray() : default
        from address in subset.TryGetProperty("addresses", out JsonElement addresses) ? addresses.EnumerateArray() : default
        where address.TryGetProperty("hostname", out _)
        select (address.GetProperty("hostname").GetString()!, address.GetProperty("ip").GetString()!);

    /// <summary>The rig's program outside of its image.</summary>
    private static async Task<string> ProgramAsync()
    {
        await Repository.ImageAsync("rig");
        return Path.Combine(Repository.Root, "artifacts", "images", "rig");
    }

    /// <summary>The bridge gets an address, where the control plane listens, and knows the way to pods; nodes send what they do not know there.</summary>
    private void JoinFabric()
    {
        Ip("-n", _network.FabricName, "addr", "add", Address + "/24", "dev", "bridge");
        foreach (VirtualNode node in _network.Nodes)
        {
            Ip("-n", _network.FabricName, "route", "add", $"10.9.{node.Index}.0/24", "via", node.Address.ToString());
            Ip("-n", node.NamespaceName, "route", "add", "default", "via", Address.ToString());

            // kubelet asks the cloud for credentials, and would wait.
            Ip("-n", node.NamespaceName, "route", "add", "unreachable", "169.254.169.254");
        }
    }

    private static void Ip(params string[] arguments) => Command.Run("ip", arguments).OrThrow();
}
