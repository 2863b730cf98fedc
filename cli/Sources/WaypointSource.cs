using System.CommandLine;
using Ambient.Cli.Sandbox;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Topology.Networks;

namespace Ambient.Cli.Sources;

/// <summary>Which waypoint is asked: options of the commands that look into one. Immutable once its command is built.</summary>
internal sealed class WaypointSource
{
    private readonly Option<string?> _file = new("--file", "-f") { Description = "A config_dump that was saved." };
    private readonly Option<string?> _admin = new("--admin") { Description = "Address of a waypoint's admin port, such as 127.0.0.1:15000." };
    private readonly Option<string?> _sandbox = new("--sandbox") { Description = "A pod of the sandbox on this machine (default: waypoint), or the name of any network namespace.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _space = new("--namespace", "-n") { Description = "Namespace of the waypoint (default: the kubeconfig's)." };
    private readonly Option<string?> _kubeconfig = new("--kubeconfig") { Description = "Which kubeconfig (default: KUBECONFIG, ~/.kube/config)." };
    private readonly Option<string?> _context = new("--context") { Description = "Context of the kubeconfig." };
    private readonly Argument<string?> _name = new("waypoint") { Description = "Name of a waypoint or of one of its pods (default: the first of the namespace).", Arity = ArgumentArity.ZeroOrOne };

    /// <summary>Adds all of it.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _file, _admin, _sandbox, _space, _kubeconfig, _context })
        {
            command.Options.Add(option);
        }

        command.Arguments.Add(_name);
    }

    /// <summary>A saved dump; null when none was named.</summary>
    public string? File(ParseResult parsed) => parsed.GetValue(_file);

    /// <summary>Opens the waypoint that is meant; null with the reason. Whoever gets it disposes both.</summary>
    public async Task<(AdminPort? Admin, ClusterAccess? Cluster, string? Error)> OpenAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_admin) is { } address)
        {
            AdminPort? admin = AdminPort.At(address, out string? wrong);
            return (admin, null, wrong);
        }

        if (parsed.GetResult(_sandbox) is { Implicit: false })
        {
            string? network = SandboxPod(parsed.GetValue(_sandbox) ?? "waypoint", out string? missing);
            return (network is null ? null : AdminPort.InNamespace(network), null, missing);
        }

        ClusterAccess? cluster = ClusterAccess.Open(parsed.GetValue(_kubeconfig), parsed.GetValue(_context), out string? error);
        if (cluster is null)
        {
            return (null, null, $"no waypoint was named (--file, --admin or --sandbox), and there is no cluster: {error}");
        }

        string space = parsed.GetValue(_space) ?? cluster.Api.Namespace;
        string? name = parsed.GetValue(_name);
        (IReadOnlyList<Pod> pods, error) = await cluster.WaypointsAsync(space, name, cancellation);
        if (error is null && pods.Count > 0)
        {
            return (cluster.AdminOf(pods[0]), cluster, null);
        }

        cluster.Dispose();
        return (null, null, error ?? $"there is no pod of a waypoint{(name is null ? "" : " " + name)} in namespace {space}");
    }

    private static string? SandboxPod(string pod, out string? error)
    {
        error = null;
        if (System.IO.File.Exists("/var/run/netns/" + pod))
        {
            return pod;
        }

        RunId? run = Leftovers.Runs(SandboxMesh.Purpose).FirstOrDefault(static r => r.IsAlive());
        if (run?.NameOf(pod) is { } name && System.IO.File.Exists("/var/run/netns/" + name))
        {
            return name;
        }

        error = run is null ? "no sandbox is running: ./ambient demo --keep starts one" : $"the sandbox has no pod '{pod}'";
        return null;
    }
}
