using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.ControlPlane.Discovery.Feeding;

/// <summary>Told what a feed sees; every member does nothing unless overridden. Called on any thread; must not throw.</summary>
public class FeedObserver
{
    /// <summary>A pod as it is now; null: it is gone.</summary>
    public virtual void OnPod(ResourceKey key, Pod? now)
    {
    }

    /// <summary>An object of any other kind as it is now; null: it is gone.</summary>
    public virtual void OnObject(ResourceType type, ResourceKey key, Resource? now)
    {
    }

    /// <summary>An object cannot be read.</summary>
    public virtual void OnRefused(ResourceType type, ResourceKey key, ReadProblem problem, RefusalOutcome outcome)
    {
    }

    /// <summary>What objects' statuses should say is different.</summary>
    public virtual void OnConditions(IReadOnlyList<ObjectConditions> conditions)
    {
    }

    /// <summary>Resources of the mesh are different.</summary>
    public virtual void OnChanged(int resources)
    {
    }
}
