using Ambient.Cli.Sandbox.Agents;
using Ambient.Cli.Sandbox.Model;
using Ambient.Cli.Sandbox.Nodes;
using Ambient.Cni.Redirection;
using Ambient.Cni.Redirection.Rules;
using Ambient.Cni.Redirection.Verification;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Sandbox;

/// <summary>
/// The whole sandbox: network, nodes with agent and ztunnel, pods with applications and rules, and the model file. Not thread-safe.
/// </summary>
internal sealed class SandboxMesh : IAsyncDisposable
{
    /// <summary>What names of this sandbox begin with.</summary>
    public const string Purpose = "amb";

    private static readonly TimeSpan Enrolment = TimeSpan.FromSeconds(15);

    private readonly VirtualNetwork _network;
    private readonly Dictionary<string, SandboxNode> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SandboxPod> _pods = new(StringComparer.Ordinal);

    private SandboxMesh(VirtualNetwork network)
    {
        _network = network;
        Model = new MeshModel(Path.Combine(network.MakeDirectory("model"), "mesh.yaml"));
    }

    /// <summary>What both ztunnels know.</summary>
    public MeshModel Model { get; }

    /// <summary>Its identity; names and files carry it.</summary>
    public RunId Run => _network.Run;

    /// <summary>The namespace with the bridge between the nodes.</summary>
    public string FabricName => _network.FabricName;

    /// <summary>The nodes by name.</summary>
    public IReadOnlyDictionary<string, SandboxNode> Nodes => _nodes;

    /// <summary>The living pods.</summary>
    public IEnumerable<SandboxPod> Pods => _pods.Values;

    /// <summary>Directory of the run.</summary>
    public string Directory => _network.Run.Directory;

    /// <summary>Builds nodes and starts their ztunnels, then pods; reports each step. What dead runs left is removed first.</summary>
    public static async Task<SandboxMesh> StartAsync(string ztunnel, Action<string> report, CancellationToken cancellation)
    {
        var mesh = new SandboxMesh(VirtualNetwork.Create(Purpose));
        try
        {
            report("two nodes joined by a bridge");
            mesh.Model.Services.AddRange([SandboxLayout.Web, SandboxLayout.Cache, SandboxLayout.Database]);
            foreach (string name in SandboxLayout.Nodes)
            {
                mesh._network.AddNode(name);
            }

            foreach (PodPlan plan in SandboxLayout.Pods)
            {
                mesh.Place(plan);
            }

            mesh.Model.Publish();
            mesh.StartNodes(ztunnel);
            report("pods: " + string.Join(", ", SandboxLayout.Pods.Select(p => p.Name)));
            await Task.WhenAll(SandboxLayout.Pods.Select(p => mesh.RunApplicationAsync(p, cancellation)));
            foreach (PodPlan plan in SandboxLayout.Pods.Where(p => p.IsMeshed))
            {
                await mesh.EnrolAsync(mesh._pods[plan.Name], cancellation);
            }

            report("applications run, in-pod rules are in the kernel, pods are handed to their ztunnels");
            foreach (SandboxNode node in mesh._nodes.Values)
            {
                await node.WaitReadyAsync(TimeSpan.FromSeconds(15), cancellation);
            }

            report("both ztunnels are ready");
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes over a sandbox that another process built: agents and ztunnels are started anew, pods go on.</summary>
    public static SandboxMesh Adopt(RunId run, SandboxState state)
    {
        VirtualNetwork network = VirtualNetwork.Adopt(run, state.Nodes.Select(n => (n.Name, (IReadOnlyList<(string, int)>)[.. n.Pods.Select(p => (p.Name, p.Number))])));
        var mesh = new SandboxMesh(network);
        foreach (SandboxStatePod pod in state.Nodes.SelectMany(n => n.Pods))
        {
            PodPlan plan = SandboxLayout.Pods.First(p => p.Name == pod.Name);
            mesh._pods[pod.Name] = new SandboxPod(plan, network.Pod(pod.Name), null);
        }

        mesh.StartNodes(state.Ztunnel);
        foreach (SandboxPod pod in mesh._pods.Values.Where(p => p.Plan.IsMeshed))
        {
            mesh._nodes[pod.Plan.Node].Agent.Know(AgentPodOf(pod));
        }

        return mesh;
    }

    /// <summary>A pod by its plan. Throws <see cref="KeyNotFoundException"/> when it was killed.</summary>
    public SandboxPod Pod(PodPlan plan) => _pods[plan.Name];

    /// <summary>The redirection of a pod, by the quicker of the two methods.</summary>
    public static PodRedirection RedirectionOf(SandboxPod pod) => new(
        pod.Network.Namespace,
        new RedirectionOptions { Method = RedirectionMethod.Sockets, PodAddresses = [pod.Network.Address, pod.Network.AddressV6] });

    /// <summary>Kills a pod with everything in it, as a kubelet would; the model is left alone.</summary>
    public void KillPod(SandboxPod pod)
    {
        _pods.Remove(pod.Plan.Name);
        pod.Network.Node.RemovePod(pod.Network);
        _nodes[pod.Plan.Node].Agent.Remove(pod.Plan.Uid);
    }

    /// <summary>Takes a pod out of the model and publishes: what a control plane does when its pod is gone.</summary>
    public void Forget(PodPlan plan)
    {
        Model.Remove(plan);
        Model.Publish();
    }

    /// <summary>Starts a pod (again): namespace, application, rules, ztunnel, model.</summary>
    public async Task<SandboxPod> StartPodAsync(PodPlan plan, CancellationToken cancellation)
    {
        Place(plan);
        SandboxPod pod = await RunApplicationAsync(plan, cancellation);
        Model.Publish();
        if (plan.IsMeshed)
        {
            await EnrolAsync(pod, cancellation);
        }

        return pod;
    }

    /// <summary>What another process needs to take over.</summary>
    public SandboxState State(string ztunnel) => new(ztunnel, [.. _network.Nodes.Select(n => new SandboxStateNode(n.Name, [.. n.Pods.Select(p => new SandboxStatePod(p.Name, p.Number))]))]);

    /// <summary>Ends agents and ztunnels, but leaves network and applications to another process.</summary>
    public async Task ReleaseAsync()
    {
        await StopNodesAsync();
        _network.Release();
    }

    /// <summary>Ends and removes everything.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopNodesAsync();
        }
        finally
        {
            _network.Dispose();
        }
    }

    private static AgentPod AgentPodOf(SandboxPod pod) =>
        new(pod.Plan.Uid, pod.Plan.Name, pod.Plan.Namespace, pod.Plan.ServiceAccount, pod.Network.Namespace);

    private async Task StopNodesAsync()
    {
        await Task.WhenAll(_nodes.Values.Select(n => n.DisposeAsync().AsTask()));
        _nodes.Clear();
    }

    private void StartNodes(string ztunnel)
    {
        string authority = _network.MakeDirectory("authority");
        foreach (VirtualNode node in _network.Nodes)
        {
            _nodes[node.Name] = new SandboxNode(node, _network.MakeDirectory(node.Name), ztunnel, Model.Path, authority);
            _nodes[node.Name].Start();
        }
    }

    private void Place(PodPlan plan)
    {
        VirtualPod network = _network.Nodes.First(n => n.Name == plan.Node).AddPod(plan.Name);
        _pods[plan.Name] = new SandboxPod(plan, network, null);
        Model.Add(plan, network.Address, network.AddressV6);
    }

    private async Task<SandboxPod> RunApplicationAsync(PodPlan plan, CancellationToken cancellation)
    {
        SandboxPod pod;
        lock (_pods)
        {
            pod = _pods[plan.Name];
        }

        if (SandboxLayout.ApplicationOf(plan) is { } application)
        {
            RunningProcess process = await application.StartAsync(pod.Network, Path.Combine(Directory, "pods", $"{plan.Name}-{pod.Network.Number}"), cancellation);
            pod = pod with { Application = process };
            lock (_pods)
            {
                _pods[plan.Name] = pod;
            }
        }

        return pod;
    }

    /// <summary>Rules first, as a node agent does: from here on nothing leaves the pod but through its ztunnel.</summary>
    private async Task EnrolAsync(SandboxPod pod, CancellationToken cancellation)
    {
        PodRedirection redirection = RedirectionOf(pod);
        await redirection.ApplyAsync(cancellation);
        VerificationReport report = await redirection.VerifyAsync(cancellation);
        if (!report.IsClean)
        {
            throw new InvalidOperationException($"the rules of {pod.Plan.Name} are not what they should be: {report}");
        }

        await _nodes[pod.Plan.Node].Agent.AddAsync(AgentPodOf(pod), Enrolment);
    }
}
