using Ambient.ControlPlane.Discovery.Services;
using Ambient.ControlPlane.Discovery.Waypoints;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Indexing;

/// <summary>Waypoints in namespaces that are there but not looked into: whoever insists on one of them is closed, for nobody can come through it.</summary>
/// <remarks>
/// A waypoint that is gone is no waypoint, and its services are reached without it. One that is out of sight may well be there, and whoever may label its namespace is not
/// who wrote the policies of the services that use it. Policies for that Gateway are out of sight, too: they count no more.
/// </remarks>
public sealed partial class MeshIndex
{
    private readonly HashSet<string> _unseen = new(StringComparer.Ordinal);

    /// <summary>Whether a namespace that is there is not looked into.</summary>
    public void SetUnseen(string name, bool isUnseen)
    {
        if (isUnseen ? _unseen.Add(name) : _unseen.Remove(name))
        {
            MarkUsersWhere(waypoint => waypoint.Namespace == name);
        }
    }

    /// <summary>There are as many as waypoints are named, which is few beside what uses them.</summary>
    private void MarkUsersWhere(Func<ResourceKey, bool> isMeant)
    {
        foreach (ResourceKey waypoint in _waypointUsers.Keys.Where(isMeant).ToArray())
        {
            MarkUsers(waypoint);
        }
    }

    private bool IsUnseen(ResourceKey waypoint) => _unseen.Contains(waypoint.Namespace);

    /// <summary>Whether a service insists on a waypoint that is out of sight.</summary>
    private bool InsistsOnUnseen(ServiceView view) => !IsManaged(view.Labels)
        && WaypointReference.Of(view.Labels, LabelsOf(view.Source.Namespace), view.Source.Namespace) is { } reference
        && InsistsOnUnseen(view.Source, view.Annotations, view.IsEntry, reference.Key);

    private bool InsistsOnUnseen(ResourceKey service, StringMap annotations, bool isEntry, ResourceKey waypoint) => IsUnseen(waypoint) && !IsForbidden(waypoint, service.Namespace, isEntry)
        && Duty(annotations, service.Namespace) switch
        {
            WaypointDuty.Always => true,
            WaypointDuty.Never => false,
            _ => _http.Has(isEntry ? "ServiceEntry" : "Service", service) || HasClassPolicies(),
        };

    /// <summary>Whether a workload insists on a waypoint of its own that is out of sight. One that its namespace names may be for services alone.</summary>
    private bool InsistsOnUnseen(StringMap labels, string @namespace) => _unseen.Count > 0 && !IsInstance(labels, @namespace)
        && WaypointReference.Of(labels, StringMap.Empty, @namespace) is { } own && IsUnseen(own.Key)
        && Duty(StringMap.Empty, @namespace) switch
        {
            WaypointDuty.Always => true,
            WaypointDuty.Never => false,
            _ => HasClassPolicies(),
        };

    private bool IsInstance(StringMap labels, string @namespace) => labels.Find(InstanceLabel) is { Length: > 0 } gateway && _waypoints.ContainsKey(new ResourceKey(@namespace, gateway));

    /// <summary>Whether the mesh has a policy for a whole class of waypoints; of which class one is that nobody sees, nobody knows.</summary>
    private bool HasClassPolicies() => _classes.Keys.Append(WaypointClass).Any(name => _http.Has("GatewayClass", new ResourceKey(settings.RootNamespace, name)));

    /// <summary>What the condition of an object says about it.</summary>
    private string UnseenNote(ResourceKey service, ObjectMeta meta, bool isEntry, ResourceKey waypoint, bool isWorkload)
    {
        string where = $"waypoint \"{waypoint.Namespace}/{waypoint.Name}\" is in a namespace that discoverySelectors of MeshConfig do not select";
        bool isClosed = isWorkload ? InsistsOnUnseen(meta.Labels, service.Namespace) : InsistsOnUnseen(service, meta.Annotations, isEntry, waypoint);
        return isClosed ? $"{where}. Nobody comes through it, and all other traffic is refused ({WaypointDuties.Annotation}: never lets it pass without policies)" : where;
    }
}
