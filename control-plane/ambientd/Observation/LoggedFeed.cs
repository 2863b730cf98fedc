using Ambient.ControlPlane.Authority.Nodes;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Services;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Observation;

/// <summary>Logs what discovery sees, and keeps the authority's view of pods and the controllers' of the rest. Thread-safe.</summary>
internal sealed class LoggedFeed(PodIndex pods, ClusterView view, ControllerSet? controllers, StatusBook book, PlaneMetrics metrics, string cluster, Logger log) : FeedObserver
{
    public override void OnPod(ResourceKey key, Pod? now)
    {
        if (now is null)
        {
            pods.Remove(cluster, key.Namespace, key.Name);
        }
        else
        {
            pods.Set(cluster, new PodFact(key.Namespace, key.Name, now.Metadata.Uid, now.Spec.ServiceAccountName, now.Spec.NodeName, now.Status.Phase == "Failed"));
        }
    }

    public override void OnObject(ResourceType type, ResourceKey key, Resource? now)
    {
        view.Set(type, key, now);
        book.See(type, key, now);
    }

    public override void OnSelection(string @namespace, bool isSelected)
    {
        log.Info(isSelected ? "discovery selectors select a namespace now" : "discovery selectors do not select a namespace any more", LogField.Of("namespace", @namespace));
        controllers?.OnSelection(@namespace, isSelected);
    }

    public override void OnRefused(ResourceType type, ResourceKey key, ReadProblem problem, RefusalOutcome outcome)
    {
        string instead = outcome switch
        {
            RefusalOutcome.EarlierStays => "what it said before stays in force",
            RefusalOutcome.Guarded => "no earlier version is known: everything that it may have denied is denied to what it selects",
            _ => "no earlier version is known: it counts as absent",
        };
        metrics.Unreadable.With(type.Kind).Increment();
        controllers?.Statuses?.Refuse(type, key, problem, instead);
        book.Refuse(type, key, $"{problem}; {instead}");
        log.Warn(
            "an object cannot be read", LogField.Of("kind", type.Kind), LogField.Of("object", key.ToString()), LogField.Of("problem", problem.ToString()), LogField.Of("instead", instead));
    }

    public override void OnConditions(IReadOnlyList<ObjectConditions> conditions)
    {
        // EndpointSlices have no status that could be written.
        controllers?.Statuses?.Want([.. conditions.Where(static each => each.Type is not ResourceType<EndpointSlice>)]);
        book.Note("discovery", conditions);
    }

    public override void OnPartConditions(IReadOnlyList<ObjectConditions> conditions)
    {
        controllers?.RoutingStatuses?.Want(conditions);
        book.Note("routing", conditions);
    }

    public override void OnMeshConfigRefused(string problem) => log.Warn("a part of MeshConfig cannot be read; what it said before stays", LogField.Of("problem", problem));

    public override void OnChanged(int resources) => log.Debug("the mesh changed", LogField.Of("resources", resources));
}
