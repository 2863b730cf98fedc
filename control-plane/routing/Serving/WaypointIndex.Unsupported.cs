using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Statuses;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Routing.Serving;

/// <remarks>Kinds that have no effect: nobody is left to believe that they have.</remarks>
public sealed partial class WaypointIndex
{
    private readonly Dictionary<ObjectName, UnsupportedObject> _unsupported = [];

    private static RoutingProblem Unsupported(ObjectName name) => new(name.Kind, name.Key.Namespace, name.Key.Name, RoutingProblem.UnsupportedValue, UnsupportedObject.Why(name.Kind));

    private void SetUnsupported(ResourceType type, ResourceKey key, RoutingResource? now)
    {
        ObjectName name = new(type.Kind, key);
        _toJudge.Add(name);
        bool isNew = !_unsupported.Remove(name);
        if (now is null)
        {
            return;
        }

        RoutingObject source = new(type.Kind, key.Namespace, key.Name, now.Metadata.CreationTimestamp ?? DateTimeOffset.UnixEpoch, now.Spec);
        IReadOnlyList<ParentReference>? targets = ReferenceEquals(type, KnownResources.BackendTrafficPolicies) ? [.. BackendTlsVerdicts.Targets(source).Select(static item => item.Target)] : null;
        _unsupported[name] = new UnsupportedObject(type, now.Metadata.Generation, targets);
        if (isNew)
        {
            _say(Unsupported(name));
        }
    }
}
