using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.ControlPlane.Discovery.Feeding;

/// <summary>Told what a feed sees; every member does nothing unless overridden. Called on any thread; must not throw.</summary>
public class FeedObserver
{
    /// <summary>A pod as it is now, of any namespace; null: it is gone.</summary>
    public virtual void OnPod(ResourceKey key, Pod? now)
    {
    }

    /// <summary>An object of any other kind as it is now; null: it is gone, or its namespace is not selected any more.</summary>
    public virtual void OnObject(ResourceType type, ResourceKey key, Resource? now)
    {
    }

    /// <summary>An object cannot be read.</summary>
    public virtual void OnRefused(ResourceType type, ResourceKey key, ReadProblem problem, RefusalOutcome outcome)
    {
    }

    /// <summary>Whether a namespace is selected is different, after everything was known.</summary>
    public virtual void OnSelection(string @namespace, bool isSelected)
    {
    }

    /// <summary>What objects' statuses should say is different.</summary>
    public virtual void OnConditions(IReadOnlyList<ObjectConditions> conditions)
    {
    }

    /// <summary>The same, as the feed's part sees it.</summary>
    public virtual void OnPartConditions(IReadOnlyList<ObjectConditions> conditions)
    {
    }

    /// <summary>What MeshConfig says of the mesh's services cannot be read; what it said last stays.</summary>
    public virtual void OnMeshConfigRefused(string problem)
    {
    }

    /// <summary>Resources of the mesh are different.</summary>
    public virtual void OnChanged(int resources)
    {
    }
}
