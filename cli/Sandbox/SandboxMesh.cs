using System.Net;
using System.Net.Sockets;
using Ambient.Cli.Sandbox.Model;
using Ambient.Cli.Sandbox.Nodes;
using Ambient.Cli.Sandbox.Objects;
using Ambient.Cli.Sandbox.Observation;
using Ambient.Topology.Containers;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Sandbox;

/// <summary>
/// The whole sandbox: network, nodes with container runtime, node agent and ztunnel, pods that the real CNI chain attaches, and the control plane, which reads a folder of manifests.
/// Not thread-safe.
/// </summary>
internal sealed class SandboxMesh : IAsyncDisposable
{
    /// <summary>What names of this sandbox begin with.</summary>
    public const string Purpose = "amb";

    private const int Attempts = 5;
    private static readonly TimeSpan Readiness = TimeSpan.FromSeconds(30);

    private readonly VirtualNetwork _network;
    private readonly Dictionary<string, SandboxNode> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SandboxPod> _pods = new(StringComparer.Ordinal);
    private ControlPlane? _controlPlane;
    private CaptureWatch? _watch;
    private WorkloadRunner? _workloads;

    private SandboxMesh(VirtualNetwork network)
    {
        _network = network;
        Manifests = new MeshManifests(network.MakeDirectory("manifests"));
        Objects = new ClusterObjects(Manifests);
    }

    /// <summary>What an API server would hold.</summary>
    public MeshManifests Manifests { get; }

    /// <summary>Who follows it, and serves the ztunnels.</summary>
    public ControlPlane ControlPlane => _controlPlane ?? throw new InvalidOperationException("the sandbox has not started");

    /// <summary>Its identity; names and files carry it.</summary>
    public RunId Run => _network.Run;

    /// <summary>The namespace with the bridge between the nodes.</summary>
    public string FabricName => _network.FabricName;

    /// <summary>The nodes by name.</summary>
    public IReadOnlyDictionary<string, SandboxNode> Nodes => _nodes;

    /// <summary>The living pods.</summary>
    public IEnumerable<SandboxPod> Pods
    {
        get
        {
            lock (_pods)
            {
                return [.. _pods.Values];
            }
        }
    }

    /// <summary>Applies manifests, as an API server would take them.</summary>
    public ClusterObjects Objects { get; }

    /// <summary>Keeps the pods of Deployments and waypoints running.</summary>
    public WorkloadRunner Workloads => _workloads ?? throw new InvalidOperationException("the sandbox has not started");

    /// <summary>Directory of the run.</summary>
    public string Directory => _network.Run.Directory;

    /// <summary>Builds nodes, starts their agents and ztunnels, then pods; reports each step. What dead runs left is removed first.</summary>
    public static async Task<SandboxMesh> StartAsync(SandboxPrograms programs, Action<string> report, CancellationToken cancellation)
    {
        var mesh = new SandboxMesh(VirtualNetwork.Create(Purpose));
        try
        {
            report("two nodes joined by a bridge, and the control plane beside them");
            foreach (string name in SandboxLayout.Nodes.Append(ControlPlane.Name))
            {
                mesh._network.AddNode(name);
            }

            mesh.Manifests.WriteCluster(SandboxLayout.Nodes, SandboxLayout.Pods);
            mesh.Manifests.WriteServices(SandboxLayout.Services);
            await mesh.StartNodesAsync(programs, cancellation);
            await Task.WhenAll(mesh._nodes.Values.Select(n => n.WaitReadyAsync(Readiness, cancellation)));
            report("control plane, node agents and ztunnels are ready; pods are made by " + mesh._nodes.Values.First().Runtime.CurrentList);
            CniAttachment[] attached = await Task.WhenAll(SandboxLayout.Pods.Select(p => mesh.AttachAsync(p, cancellation)));
            report("pods: " + string.Join(", ", SandboxLayout.Pods.Select(p => p.Name)) + "; each attached by " + string.Join(", ", attached[0].Plugins));
            await Task.WhenAll(SandboxLayout.Pods.Select(p => mesh.RunApplicationAsync(p, cancellation)));
            mesh.Workloads.Start(new Dictionary<string, string>(StringComparer.Ordinal));
            report("applications run");
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes over a sandbox that another process built: agents and ztunnels are started anew, pods go on.</summary>
    public static async Task<SandboxMesh> AdoptAsync(RunId run, SandboxState state, CancellationToken cancellation)
    {
        VirtualNetwork network = VirtualNetwork.Adopt(run, state.Nodes.Select(n => (n.Name, (IReadOnlyList<(string, int)>)[.. n.Pods.Select(p => (p.Name, p.Number))])));
        var mesh = new SandboxMesh(network);
        foreach (SandboxStatePod pod in state.Nodes.SelectMany(n => n.Pods))
        {
            PodPlan plan = SandboxLayout.Pods.FirstOrDefault(p => p.Name == pod.Name)
                ?? new PodPlan(pod.Name, pod.Namespace, pod.ServiceAccount, pod.Node) { IsMeshed = pod.IsMeshed, Labels = pod.Labels };
            VirtualPod adopted = network.Pod(pod.Name);
            adopted.Attached(IPAddress.Parse(pod.Address), IPAddress.Parse(pod.AddressV6));
            mesh._pods[pod.Name] = new SandboxPod(plan, adopted, null);
        }

        try
        {
            await mesh.StartNodesAsync(state.Programs, cancellation);
            mesh.Workloads.Start(state.Origins);
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    /// <summary>A pod by its plan. Throws <see cref="KeyNotFoundException"/> when it was killed.</summary>
    public SandboxPod Pod(PodPlan plan) => _pods[plan.Name];

    /// <summary>Gives a running pod a data plane mode of its own, or takes it away: its manifest is edited, nothing else is done.</summary>
    public void Label(SandboxPod pod, string? mode) => Manifests.SetMode(pod.Plan, mode);

    /// <summary>Kills a pod with everything in it and lets the chain clean up, as a kubelet would; then its object goes.</summary>
    public async Task KillPodAsync(SandboxPod pod)
    {
        Remove(pod);
        await _nodes[pod.Plan.Node].Runtime.DeleteAsync(pod.Container);
        Manifests.Remove(pod.Plan);
    }

    /// <summary>Ends a pod's sandbox as a runtime does when it fails; the pod itself, and its manifest stay.</summary>
    public async Task EndSandboxAsync(SandboxPod pod)
    {
        Remove(pod);
        await _nodes[pod.Plan.Node].Runtime.DeleteAsync(pod.Container);
    }

    /// <summary>Starts a pod (again): sandbox, chain, application.</summary>
    public async Task<SandboxPod> StartPodAsync(PodPlan plan, CancellationToken cancellation)
    {
        await AttachAsync(plan, cancellation);
        return await RunApplicationAsync(plan, cancellation);
    }

    /// <summary>One attempt to attach a new sandbox; what the chain said when it failed, then the sandbox is left as it is for a look.</summary>
    public async Task<(SandboxPod Pod, string? Error)> TryAttachOnceAsync(PodPlan plan, string? uid = null)
    {
        SandboxPod pod = Place(plan, uid);
        try
        {
            await AttachAsync(pod);
            return (pod, null);
        }
        catch (CniFailedException e)
        {
            TakeAddresses(pod, e.Addresses);
            return (pod, e.Message);
        }
    }

    /// <summary>What another process needs to take over.</summary>
    public SandboxState State(SandboxPrograms programs) => new(programs, [.. _network.Nodes.Select(n => new SandboxStateNode(n.Name, [.. n.Pods.Select(State)]))], Workloads.Origins);

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

    private SandboxStatePod State(VirtualPod pod)
    {
        PodPlan plan = _pods[pod.Name].Plan;
        return new SandboxStatePod(pod.Name, pod.Number, pod.Address.ToString(), pod.AddressV6.ToString())
        {
            Namespace = plan.Namespace,
            ServiceAccount = plan.ServiceAccount,
            Node = plan.Node,
            IsMeshed = plan.IsMeshed,
            Labels = new Dictionary<string, string>(plan.Labels, StringComparer.Ordinal),
        };
    }

    private async Task StopNodesAsync()
    {
        if (_workloads is not null)
        {
            await _workloads.DisposeAsync();
            _workloads = null;
        }

        if (_watch is not null)
        {
            await _watch.DisposeAsync();
            _watch = null;
        }

        await Task.WhenAll(_nodes.Values.Select(n => n.DisposeAsync().AsTask()).Append(_controlPlane?.DisposeAsync().AsTask() ?? Task.CompletedTask));
        _nodes.Clear();
    }

    private async Task StartNodesAsync(SandboxPrograms programs, CancellationToken cancellation)
    {
        VirtualNode[] nodes = [.. _network.Nodes.Where(n => n.Name != ControlPlane.Name)];
        foreach (VirtualNode node in nodes)
        {
            // ztunnel runs in its node's network: a pod of the host, as far as the mesh is concerned.
            Manifests.Write(SandboxNode.ProxyOf(node), SandboxNode.UidOf(node), null, [node.Address, node.AddressV6], isReady: true);
        }

        _controlPlane = new ControlPlane(_network.Nodes.First(n => n.Name == ControlPlane.Name), _network.MakeDirectory(ControlPlane.Name), Manifests.Folder, programs);
        _controlPlane.Start();
        await ControlPlane.WaitAuthorityAsync(Readiness, cancellation);
        var files = new SandboxFiles(Manifests.Folder, ControlPlane);
        foreach (VirtualNode node in nodes)
        {
            _nodes[node.Name] = new SandboxNode(node, _network.MakeDirectory(node.Name), programs, files);
            _nodes[node.Name].Start();
        }

        _watch = new CaptureWatch([.. _nodes.Values.Select(n => n.StatusFolder)], Manifests);
        _watch.Start();
        _workloads = new WorkloadRunner(this, Objects, new WantedPods(programs, _controlPlane), Path.Combine(Directory, "workloads.log"));
    }

    /// <summary>An empty sandbox, and the pod that waits for it.</summary>
    private SandboxPod Place(PodPlan plan, string? uid = null)
    {
        lock (_pods)
        {
            VirtualPod network = _network.Nodes.First(n => n.Name == plan.Node).AddSandbox(plan.Name);
            var pod = new SandboxPod(plan, network, null);
            pod = uid is null ? pod : pod with { Uid = uid };
            _pods[plan.Name] = pod;
            Manifests.Write(plan, pod.Uid, pod.NetworkPath, [], isReady: false);
            return pod;
        }
    }

    private void Remove(SandboxPod pod)
    {
        lock (_pods)
        {
            _pods.Remove(pod.Plan.Name);
            pod.Network.Node.RemovePod(pod.Network);
        }
    }

    /// <summary>A sandbox and its addresses. A chain that fails is tried again with a new sandbox, as a kubelet does. Throws <see cref="CniFailedException"/>.</summary>
    private async Task<CniAttachment> AttachAsync(PodPlan plan, CancellationToken cancellation)
    {
        // Making namespaces blocks.
        await Task.Yield();
        for (int attempt = 1; ; attempt++)
        {
            SandboxPod pod = Place(plan);
            try
            {
                return await AttachAsync(pod);
            }
            catch (CniFailedException) when (attempt < Attempts)
            {
                await _nodes[pod.Plan.Node].Runtime.DeleteAsync(pod.Container);
                Remove(pod);
                await Task.Delay(TimeSpan.FromMilliseconds(200 * attempt), TimeProvider.System, cancellation);
            }
        }
    }

    private async Task<CniAttachment> AttachAsync(SandboxPod pod)
    {
        CniAttachment attachment = await _nodes[pod.Plan.Node].Runtime.AddAsync(pod.Container);
        TakeAddresses(pod, attachment.Addresses);
        Manifests.SetStatus(pod.Plan, pod.Addresses, isReady: pod.Plan.Application is null);
        return attachment;
    }

    private static void TakeAddresses(SandboxPod pod, IReadOnlyList<IPAddress> addresses) => pod.Network.Attached(
        addresses.FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork) ?? pod.Network.Address,
        addresses.FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetworkV6) ?? pod.Network.AddressV6);

    /// <summary>Starts a pod's program, when it has one.</summary>
    public async Task<SandboxPod> RunApplicationAsync(PodPlan plan, CancellationToken cancellation)
    {
        SandboxPod pod;
        lock (_pods)
        {
            pod = _pods[plan.Name];
        }

        if (plan.Application is { } application)
        {
            RunningProcess process = await application.StartAsync(pod.Network, Path.Combine(Directory, "pods", $"{plan.Name}-{pod.Network.Number}"), cancellation);
            pod = pod with { Application = process };
            lock (_pods)
            {
                _pods[plan.Name] = pod;
            }

            Manifests.SetStatus(plan, pod.Addresses, isReady: true);
        }

        return pod;
    }
}
