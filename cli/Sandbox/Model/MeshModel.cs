using System.Net;

namespace Ambient.Cli.Sandbox.Model;

/// <summary>
/// The sandbox's view of the mesh, written to the file that both ztunnels watch; the sandbox's stand-in for a control plane.
/// Not thread-safe.
/// </summary>
internal sealed class MeshModel(string path)
{
    private readonly List<(PodPlan Pod, IReadOnlyList<IPAddress> Addresses)> _pods = [];
    private readonly List<PolicyPlan> _policies = [];

    /// <summary>The file.</summary>
    public string Path { get; } = path;

    /// <summary>Services, in the order they were named.</summary>
    public List<ServicePlan> Services { get; } = [];

    /// <summary>Pods with their addresses.</summary>
    public IReadOnlyList<(PodPlan Pod, IReadOnlyList<IPAddress> Addresses)> Pods => _pods;

    /// <summary>Policies in force.</summary>
    public IReadOnlyList<PolicyPlan> Policies => _policies;

    /// <summary>Adds a pod; takes effect at <see cref="Publish"/>.</summary>
    public void Add(PodPlan pod, params IReadOnlyList<IPAddress> addresses) => _pods.Add((pod, addresses));

    /// <summary>Removes a pod; takes effect at <see cref="Publish"/>.</summary>
    public void Remove(PodPlan pod) => _pods.RemoveAll(p => p.Pod.Uid == pod.Uid);

    /// <summary>Replaces the policies and publishes.</summary>
    public void SetPolicies(params IEnumerable<PolicyPlan> policies)
    {
        _policies.Clear();
        _policies.AddRange(policies);
        Publish();
    }

    /// <summary>Replaces the file in one step: a reader sees the old one or the new one.</summary>
    public void Publish()
    {
        string temporary = Path + ".new";
        File.WriteAllText(temporary, MeshFile.Render(this));
        File.Move(temporary, Path, overwrite: true);
    }
}
