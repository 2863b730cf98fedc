using System.Globalization;
using Ambient.Linux.Proc;
using Ambient.Rig.Containers;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Rig.Nodes;

/// <summary>
/// A machine of its own as far as its programs can see: namespaces of every kind, control groups, containerd, and whatever services its plan names. Its
/// network is a <see cref="VirtualNode"/>'s. It dies as a whole with its first process. Thread-safe once started.
/// </summary>
public sealed class RigNode : IAsyncDisposable
{
    private const string Configuration = """
        version = 2
        root = "/var/lib/containerd"
        state = "/run/containerd"
        [grpc]
          address = "/run/containerd/containerd.sock"
        [plugins."io.containerd.grpc.v1.cri"]
          sandbox_image = "docker.io/ambient/pause:1"
          restrict_oom_score_adj = true
          disable_apparmor = true
          [plugins."io.containerd.grpc.v1.cri".cni]
            bin_dir = "/opt/cni/bin"
            conf_dir = "/etc/cni/net.d"
        """;

    private static readonly string Ctr = Path.Combine(KubernetesBinaries.Folder, "ctr");
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly VirtualNode _network;
    private readonly NodePlan _plan;
    private RunningProcess? _process;

    /// <summary>Plans a node in the network of another; its files go below the folder.</summary>
    public RigNode(VirtualNode network, string folder, NodePlan plan)
    {
        ArgumentNullException.ThrowIfNull(network);
        (_network, _plan) = (network, plan);
        Folder = Path.Combine(folder, network.Name);
        Cri = new CriClient(Path.Combine(Folder, "containerd.sock"));
    }

    /// <summary>Its name.</summary>
    public string Name => _network.Name;

    /// <summary>Its network: addresses, namespace.</summary>
    public VirtualNode Network => _network;

    /// <summary>Its files, as the machine sees them: logs of services are here.</summary>
    public string Folder { get; }

    /// <summary>Its container runtime.</summary>
    public CriClient Cri { get; }

    /// <summary>Its first process, as the machine counts.</summary>
    public int Init { get; private set; }

    /// <summary>Where the node's file is found from outside.</summary>
    public string PathOf(string path) => string.Create(CultureInfo.InvariantCulture, $"/proc/{Init}/root{path}");

    /// <summary>Why nodes cannot be made here; null when they can.</summary>
    public static string? Missing() => NodeGroups.Missing() ?? KubernetesBinaries.Missing("containerd", "containerd-shim-runc-v2", "ctr", "runc", "busybox");

    /// <summary>Starts it and waits for its container runtime. After <see cref="KillAsync"/> it comes back with the files it had.</summary>
    public async Task StartAsync()
    {
        NodeGroups.RemoveLeftovers();
        WriteFiles();
        string start = Path.Combine(AppContext.BaseDirectory, "rig", "node-start.sh");
        File.Delete(Path.Combine(Folder, "started"));
        _process = RunningProcess.Start(new ProcessPlan(Name, "bash", start, _network.NamespaceName, _network.NamespaceName, Folder, Name, KubernetesBinaries.Folder)
        {
            LogPath = Path.Combine(Folder, "node.log"),
        });
        await _process.WaitForAsync(() => File.Exists(Path.Combine(Folder, "started")) ? "" : null, "first process", StartLimit);
        Init = FirstChildOf(_process.Id);

        // A unix socket's path may have 107 bytes; through /proc it is short, and the link makes it the same for ever.
        string link = Path.Combine(Folder, "containerd.sock");
        File.Delete(link);
        File.CreateSymbolicLink(link, PathOf("/run/containerd/containerd.sock"));
        await _process.WaitForAsync(() => File.Exists(PathOf("/run/containerd/containerd.sock")) ? "" : null, "containerd", StartLimit);
        await ImportAsync();
    }

    /// <summary>How to keep a program running on the node, with the files of the node.</summary>
    public ProcessPlan Inside(string name, string program, params string[] arguments) =>
        new(name, "nsenter", [.. Enter, program, .. arguments]) { LogPath = Path.Combine(Folder, name + ".log") };

    /// <summary>Runs a program on the node to its end.</summary>
    public Task<CommandResult> RunAsync(string program, params string[] arguments) => Command.RunAsync("nsenter", [.. Enter, program, .. arguments], deadline: StartLimit);

    /// <summary>Runs a program of this machine in the network of a pod on the node, with the node's files: what it does the pod does, as far as the network can see.</summary>
    public Task<CommandResult> RunInPodAsync(string podNetwork, string program, IReadOnlyList<string> arguments, TimeSpan? deadline = null) =>
        Command.RunAsync("nsenter", [.. Enter, "nsenter", "--net=" + podNetwork, "--", program, .. arguments], deadline: deadline ?? StartLimit);

    /// <summary>The network namespace, as the node names it, that has an address; null when there is none.</summary>
    public async Task<string?> NetworkOfAsync(string address)
    {
        foreach (string path in Directory.GetFiles(PathOf("/run/netns"), "cni-*").Select(f => "/run/netns/" + Path.GetFileName(f)))
        {
            CommandResult addresses = await RunInPodAsync(path, "ip", ["-o", "addr", "show"]);
            if (addresses.Output.Contains($" {address}/", StringComparison.Ordinal))
            {
                return path;
            }
        }

        return null;
    }

    /// <summary>Kills everything on it at once, as a power cut does; its files stay.</summary>
    public async Task KillAsync()
    {
        if (_process is null)
        {
            return;
        }

        _ = ProcessSignal.Send(Init, ProcessSignal.Kill);
        await _process.Exited;
        await _process.DisposeAsync();
        _process = null;
        NodeGroups.Remove(_network.NamespaceName);

        // What its containers had as interfaces ended with their namespaces; bridge and routes are the machine's and stay.
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Cri.Dispose();
    }

    private string[] Enter => ["--target", Init.ToString(CultureInfo.InvariantCulture), "--mount", "--net", "--uts", "--ipc", "--pid", "--cgroup", "--"];

    private static int FirstChildOf(int process)
    {
        string children = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/task/{process}/children"));
        return int.Parse(children.Split(' ')[0], CultureInfo.InvariantCulture);
    }

    private async Task ImportAsync()
    {
        string rig = await Repository.ImageAsync("rig");
        var loads = new List<Task<CommandResult>>();
        foreach (string archive in _plan.Images.Prepend(rig))
        {
            loads.Add(RunAsync(Ctr, "-n", "k8s.io", "images", "import", archive));
        }

        foreach (Task<CommandResult> load in loads)
        {
            (await load).OrThrow();
        }

        (await RunAsync(Ctr, "-n", "k8s.io", "images", "tag", "--force", "docker.io/ambient/rig:0.1.0", "docker.io/ambient/pause:1")).OrThrow();
    }

    private void WriteFiles()
    {
        foreach (string folder in (string[])["etc/cni/net.d", "opt/cni/bin", "services"])
        {
            Directory.CreateDirectory(Path.Combine(Folder, folder));
        }

        Write("etc/hosts", $"127.0.0.1 localhost\n{_network.Address} {Name}\n");

        // Somebody who refuses at once, unless the plan knows better: nothing waits for an answer that never comes.
        Write("etc/resolv.conf", "nameserver 127.0.0.1\n");
        Write("etc/containerd.toml", Configuration);
        Write("services/containerd", $"exec containerd --config {Folder}/etc/containerd.toml");
        Write("etc/cni/net.d/10-pods.conflist", Conflist());
        foreach ((string path, string text) in _plan.Files)
        {
            Write(path, text);
        }

        foreach ((string name, string line) in _plan.Services)
        {
            Write("services/" + name, line);
        }

        foreach (string plugin in (string[])["bridge", "host-local", "portmap", "loopback"])
        {
            Link(plugin, "/usr/lib/cni/" + plugin);
        }

        foreach ((string name, string program) in _plan.Plugins)
        {
            Link(name, program);
        }
    }

    private string Conflist()
    {
        string subnet = string.Create(CultureInfo.InvariantCulture, $"10.9.{_network.Index}");
        string[] entries =
        [
            $$$"""{"type":"bridge","bridge":"pods","isGateway":true,"hairpinMode":true,"ipam":{"type":"host-local","ranges":[[{"subnet":"{{{subnet}}}.0/24","gateway":"{{{subnet}}}.1"}]],"routes":[{"dst":"0.0.0.0/0"}]}}""",
            """{"type":"portmap","capabilities":{"portMappings":true}}""",
            .. _plan.Chain,
        ];
        return $$"""{"cniVersion":"0.4.0","name":"pods","plugins":[ {{string.Join(',', entries)}} ]}""";
    }

    private void Write(string path, string text)
    {
        string full = Path.Combine(Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    private void Link(string name, string program)
    {
        string link = Path.Combine(Folder, "opt/cni/bin", name);
        File.Delete(link);
        File.CreateSymbolicLink(link, program);
    }
}
