using System.Net;

namespace Ambient.Cli.Sandbox.Model;

/// <summary>
/// The sandbox's view of the mesh, written to the file that both ztunnels watch; the sandbox's stand-in for a control plane.
/// Thread-safe.
/// </summary>
internal sealed class MeshModel(string path)
{
    private readonly Lock _gate = new();
    private readonly List<(PodPlan Pod, IReadOnlyList<IPAddress> Addresses)> _pods = [];
    private readonly List<PolicyPlan> _policies = [];

    /// <summary>The file.</summary>
    public string Path { get; } = path;

    /// <summary>Services, in the order they were named; set before anything is published.</summary>
    public List<ServicePlan> Services { get; } = [];

    /// <summary>Pods with their addresses.</summary>
    public IReadOnlyList<(PodPlan Pod, IReadOnlyList<IPAddress> Addresses)> Pods
    {
        get
        {
            lock (_gate)
            {
                return [.. _pods];
            }
        }
    }

    /// <summary>Policies in force.</summary>
    public IReadOnlyList<PolicyPlan> Policies
    {
        get
        {
            lock (_gate)
            {
                return [.. _policies];
            }
        }
    }

    /// <summary>Adds a pod; takes effect at <see cref="Publish"/>.</summary>
    public void Add(PodPlan pod, params IReadOnlyList<IPAddress> addresses)
    {
        lock (_gate)
        {
            _pods.Add((pod, addresses));
        }
    }

    /// <summary>Removes a pod; takes effect at <see cref="Publish"/>.</summary>
    public void Remove(PodPlan pod)
    {
        lock (_gate)
        {
            _pods.RemoveAll(p => p.Pod.Uid == pod.Uid);
        }
    }

    /// <summary>Says whether a pod is captured, and so speaks HBONE; publishes when that is news.</summary>
    public void SetCaptured(string podNamespace, string name, bool isCaptured)
    {
        lock (_gate)
        {
            int index = _pods.FindIndex(p => p.Pod.Namespace == podNamespace && p.Pod.Name == name);
            if (index >= 0 && _pods[index].Pod.IsMeshed != isCaptured)
            {
                _pods[index] = (_pods[index].Pod with { IsMeshed = isCaptured }, _pods[index].Addresses);
                Publish();
            }
        }
    }

    /// <summary>Replaces the policies and publishes.</summary>
    public void SetPolicies(params IEnumerable<PolicyPlan> policies)
    {
        lock (_gate)
        {
            _policies.Clear();
            _policies.AddRange(policies);
            Publish();
        }
    }

    /// <summary>Replaces the file in one step: a reader sees the old one or the new one.</summary>
    public void Publish()
    {
        lock (_gate)
        {
            string temporary = Path + ".new";
            File.WriteAllText(temporary, MeshFile.Render(this));
            File.Move(temporary, Path, overwrite: true);
        }
    }
}
