using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.Kubernetes.Resources;
using Ambient.Routing.Messages;
using Ambient.Xds.Server.Resources;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.ControlPlane.Routing.Serving;

/// <remarks>
/// What each waypoint has to know of the mesh: the services that it serves or leads to, and the workloads that name it. Said in the same change as the routes that need it. Those who
/// may reach what no route names are told of everything: gateways, all in a mesh of several networks, and whoever serves a range of addresses, where a pod's own counts more than the range.
/// Nothing is said of what does not exist, yet or any more, and its pods are told of nothing: those that end because their Gateway is gone need no mesh.
/// </remarks>
public sealed partial class WaypointIndex
{
    private readonly SetIndex<ResourceKey, string> _needs = new();
    private readonly HashSet<ResourceKey> _needsDue = [];
    private readonly HashSet<ResourceKey> _limited = [];
    private readonly HashSet<ResourceKey> _unlimited = [];

    private void Need(ResourceKey waypoint, string service, bool isNeeded)
    {
        _needs.Put(waypoint, service, isNeeded);
        _needsDue.Add(waypoint);
    }

    private void AddNeeds(List<ResourceChange> changes)
    {
        foreach (ResourceKey waypoint in _needsDue)
        {
            bool isThere = Exists(waypoint), isLimited = isThere && IsLimited(waypoint), hasEverything = isThere && !isLimited;
            if (isLimited)
            {
                _limited.Add(waypoint);
                HashSet<string> needs = new(_needs.Of(waypoint), StringComparer.Ordinal) { MeshIndex.ServedBy(waypoint) };
                changes.Add(new ResourceChange(ResourceTypes.Needs, NeedsRule.NameFor(waypoint.ToString()), new ResourceContent { Message = new Empty(), Needs = needs }));
            }
            else if (_limited.Remove(waypoint))
            {
                changes.Add(new ResourceChange(ResourceTypes.Needs, NeedsRule.NameFor(waypoint.ToString()), null));
            }

            if (hasEverything ? _unlimited.Add(waypoint) : _unlimited.Remove(waypoint))
            {
                changes.Add(new ResourceChange(ResourceTypes.Needs, NeedsRule.EverythingFor(waypoint.ToString()), hasEverything ? new ResourceContent { Message = new Empty() } : null));
            }
        }

        _needsDue.Clear();
    }

    private bool IsLimited(ResourceKey waypoint) => !_settings.HasSeveralNetworks && !IsEdge(waypoint) && !IsEastWest(waypoint)
        && !_services.ServedBy(waypoint).Any(name => _services.Find(name)?.HasRange == true);
}
