using System.Collections.Concurrent;
using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.ControlPlane.Discovery.Tests.Selection;

/// <summary>Remembers what a feed said. Thread-safe.</summary>
internal sealed class SelectionObserver : FeedObserver
{
    private readonly ConcurrentDictionary<string, bool> _objects = new(StringComparer.Ordinal);

    /// <summary>Namespaces that became selected ("+") or are not any more ("-"), in order.</summary>
    public ConcurrentQueue<string> Selections { get; } = new();

    /// <summary>Objects that could not be read, and what is in force instead.</summary>
    public ConcurrentQueue<string> Refused { get; } = new();

    /// <summary>What was wrong with MeshConfig.</summary>
    public ConcurrentQueue<string> MeshConfig { get; } = new();

    /// <summary>The pods that are there.</summary>
    public ConcurrentDictionary<ResourceKey, bool> Pods { get; } = new();

    /// <summary>The other objects that are there.</summary>
    public string Objects => string.Join(' ', _objects.Keys.Order(StringComparer.Ordinal));

    public override void OnPod(ResourceKey key, Pod? now)
    {
        if (now is null)
        {
            Pods.TryRemove(key, out _);
        }
        else
        {
            Pods[key] = true;
        }
    }

    public override void OnObject(ResourceType type, ResourceKey key, Resource? now)
    {
        if (now is null)
        {
            _objects.TryRemove($"{type.Kind}:{key}", out _);
        }
        else
        {
            _objects[$"{type.Kind}:{key}"] = true;
        }
    }

    public override void OnRefused(ResourceType type, ResourceKey key, ReadProblem problem, RefusalOutcome outcome) => Refused.Enqueue($"{type.Kind}:{key} {outcome}");

    public override void OnSelection(string @namespace, bool isSelected) => Selections.Enqueue((isSelected ? "+" : "-") + @namespace);

    public override void OnMeshConfigRefused(string problem) => MeshConfig.Enqueue(problem);
}
