using System.CommandLine;
using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Nodes;
using Ambient.Topology.Networks;

namespace Ambient.Cli.Sources;

/// <summary>Where a ztunnel is asked: options that many commands share. Immutable once its commands are built.</summary>
internal sealed class SourceOptions
{
    private readonly Option<string?> _file = new("--file", "-f") { Description = "A config_dump that was saved." };
    private readonly Option<string?> _admin = new("--admin") { Description = "Address of a ztunnel's admin port, such as 127.0.0.1:15000." };
    private readonly Option<string?> _sandbox = new("--sandbox") { Description = "A node of the sandbox on this machine (default: its first), or the name of any network namespace.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _node = new("--node") { Description = "The node whose ztunnel is asked through Kubernetes (default: the first)." };
    private readonly Option<string?> _kubeconfig = new("--kubeconfig") { Description = "Which kubeconfig (default: KUBECONFIG, ~/.kube/config)." };
    private readonly Option<string?> _context = new("--context") { Description = "Context of the kubeconfig." };
    private readonly Option<string> _space = new("--istio-namespace", "-i") { Description = "Where ztunnel and the control plane are.", DefaultValueFactory = static _ => "istio-system" };
    private readonly Argument<string?> _pod = new("ztunnel") { Description = "Name of a ztunnel pod.", Arity = ArgumentArity.ZeroOrOne };

    /// <summary>Adds what a command needs that asks one ztunnel.</summary>
    public Command AddTo(Command command, bool hasPod = true)
    {
        foreach (Option option in new Option[] { _file, _admin, _sandbox, _node })
        {
            command.Options.Add(option);
        }

        if (hasPod)
        {
            command.Arguments.Add(_pod);
        }

        return AddClusterTo(command);
    }

    /// <summary>Adds what a command needs that asks a cluster.</summary>
    public Command AddClusterTo(Command command)
    {
        command.Options.Add(_kubeconfig);
        command.Options.Add(_context);
        command.Options.Add(_space);
        return command;
    }

    /// <summary>Namespace of ztunnel and control plane.</summary>
    public string Namespace(ParseResult parsed) => parsed.GetValue(_space)!;

    /// <summary>A saved dump; null when none was named.</summary>
    public string? File(ParseResult parsed) => parsed.GetValue(_file);

    /// <summary>Whether one ztunnel is meant that is not asked through a cluster.</summary>
    public bool IsOneZtunnel(ParseResult parsed) =>
        File(parsed) is not null || parsed.GetValue(_admin) is not null || parsed.GetValue(_node) is not null || parsed.GetResult(_sandbox) is { Implicit: false };

    /// <summary>The cluster; null with the reason.</summary>
    public ClusterAccess? Cluster(ParseResult parsed, out string? error) => ClusterAccess.Open(parsed.GetValue(_kubeconfig), parsed.GetValue(_context), out error);

    /// <summary>Opens the ztunnel that is meant; null with the reason. Whoever gets it disposes both.</summary>
    public async Task<(AdminPort? Admin, ClusterAccess? Cluster, string? Error)> OpenAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_admin) is { } address)
        {
            AdminPort? admin = AdminPort.At(address, out string? wrong);
            return (admin, null, wrong);
        }

        if (parsed.GetResult(_sandbox) is { Implicit: false })
        {
            string? name = SandboxNode(parsed.GetValue(_sandbox), out string? missing);
            return (name is null ? null : AdminPort.InNamespace(name), null, missing);
        }

        ClusterAccess? cluster = Cluster(parsed, out string? error);
        if (cluster is null)
        {
            return (null, null, $"no ztunnel was named (--file, --admin or --sandbox), and there is no cluster: {error}");
        }

        (IReadOnlyList<Kubernetes.Resources.Workloads.Pod> pods, error) = await cluster.ZtunnelsAsync(Namespace(parsed), cancellation);
        string? pod = parsed.GetValue(_pod), node = parsed.GetValue(_node);
        if (error is null && pods.FirstOrDefault(p => (pod is null || p.Metadata.Name == pod.Split('.')[0]) && (node is null || p.Spec.NodeName == node)) is { } found)
        {
            return (cluster.AdminOf(found), cluster, null);
        }

        cluster.Dispose();
        return (null, null, error ?? $"there is no ztunnel{(pod is null ? "" : " " + pod)}{(node is null ? "" : " on node " + node)} in namespace {Namespace(parsed)} ({ClusterAccess.ZtunnelLabels})");
    }

    /// <summary>The network namespace of the running sandbox's control plane; null with the reason.</summary>
    public static string? SandboxControlPlane(out string? error) => SandboxNode(ControlPlane.Name, out error);

    private static string? SandboxNode(string? node, out string? error)
    {
        RunId? run = Leftovers.Runs(SandboxMesh.Purpose).FirstOrDefault(static r => r.IsAlive());
        error = run is null ? "no sandbox is running: ./ambient demo --keep starts one" : null;
        string? name = run?.NameOf(node ?? "node1");
        if (node is not null && System.IO.File.Exists("/var/run/netns/" + node))
        {
            // A namespace by its own name: of several sandboxes, the one that is meant.
            error = null;
            return node;
        }

        if (name is not null && !System.IO.File.Exists("/var/run/netns/" + name))
        {
            error = $"the sandbox has no node '{node}'; it has node1 and node2";
            return null;
        }

        return name;
    }
}
