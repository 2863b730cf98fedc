using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Routing.Destinations;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Statuses;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Routing.Serving;

/// <remarks>BackendTLSPolicies: what is said about them depends on others about the same target, and on who sends to it.</remarks>
public sealed partial class WaypointIndex
{
    private readonly Dictionary<ResourceKey, RoutingObject> _ignored = [];
    private readonly ReferenceUses<ObjectName> _judgedBy = new();

    private static ObjectName PolicyName(ResourceKey key) => new(BackendTlsPolicies.Kind, key);

    /// <summary>Keeps those that are to be left alone for their status; null: nothing of it is in force.</summary>
    private RoutingObject? Attach(ResourceKey key, RoutingResource? written, RoutingObject? source)
    {
        _ignored.Remove(key);
        if (written is null || source is null || written.Metadata.Annotations.Find("istio.io/ignore-policy-attachment") != "true")
        {
            return source;
        }

        _ignored[key] = source;
        return null;
    }

    private ObjectConditions? JudgeAttached(ObjectName name)
    {
        _judgedBy.Forget(name);
        RoutingObject? ignored = _ignored.GetValueOrDefault(name.Key);
        RoutingObject? source = ignored ?? _objects.Find(name.Kind, name.Key);
        if (source is null)
        {
            return null;
        }

        IReadOnlyList<ParentConditions>? ancestors = ignored is not null ? BackendTlsVerdicts.JudgeIgnored(ignored) : Ancestors(name, source);
        return ancestors is null ? null : new ObjectConditions(KnownResources.BackendTlsPolicies, name.Key, [], ancestors) { Generation = source.Generation };
    }

    private IReadOnlyList<ParentConditions>? Ancestors(ObjectName name, RoutingObject source)
    {
        RecordingDirectory directory = new(_services);
        WaypointScope scope = Scope(new ResourceKey(source.Namespace, ""), directory, []) with
        {
            Objects = [.. BackendTlsVerdicts.Targets(source).SelectMany(item => _objects.AttachedTo(item.Target.Namespace!, item.Target.Name, item.Target.IsServiceEntry)).Distinct()],
            References = reference => Judging(name, reference),
        };
        IReadOnlyList<ParentConditions>? said = new BackendTlsVerdicts(scope, UsersOf).Judge(source);
        _routeAsked[name] = directory.Asked;
        foreach (string asked in directory.Asked)
        {
            _routesAsking.Add(asked, name);
        }

        return said;
    }

    private IReadOnlyCollection<(ResourceKey Owner, bool IsGateway)> UsersOf(ParentReference target) =>
        [.. _services.NamesOfObject(target.Namespace!, target.Name, target.IsServiceEntry).SelectMany(_users.Of).Distinct().Select(owner => (owner, IsEdge(owner) && _gateways.ContainsKey(owner)))];

    private Referenced Judging(ObjectName name, ReferenceKey reference)
    {
        _judgedBy.Note(name, reference);
        return _references(reference);
    }

    /// <summary>Who sends to a service is different.</summary>
    private void JudgeAttachedTo(string service)
    {
        if (_services.Find(service) is { } found)
        {
            JudgeAttachedTo(found.Namespace, found.Name, found.IsEntry);
        }
    }

    private void JudgeAttachedTo(string @namespace, string name, bool isEntry) =>
        _toJudge.UnionWith(_objects.AttachedTo(@namespace, name, isEntry).Select(static policy => PolicyName(new ResourceKey(policy.Namespace, policy.Name))));
}
