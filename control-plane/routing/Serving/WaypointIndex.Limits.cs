using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Policies;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.ControlPlane.Routing.Statuses;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Serving;

/// <remarks>LocalRateLimits: a version with faults changes nothing while there is a good one, and its status says so.</remarks>
public sealed partial class WaypointIndex
{
    private readonly Dictionary<ResourceKey, RoutingObject> _faulty = [];

    /// <summary>What is in force of an object's versions: the newest that is good, and without one what can be used of the newest.</summary>
    private RoutingObject? LastGood(ResourceKey key, RoutingObject? written)
    {
        bool hasSaid = _faulty.Remove(key, out RoutingObject? known) && known.Generation == written?.Generation && known.Generation != 0;
        if (written is null || LimitReader.IsGood(written))
        {
            return written;
        }

        _faulty[key] = written;
        if (_objects.Find(LimitReader.Kind, key) is not { } before || !LimitReader.IsGood(before))
        {
            return written;
        }

        if (hasSaid)
        {
            return before;
        }

        // Nothing is computed of this one, so it is said here; once, although its own status is an event of it, too.
        ProblemList problems = new();
        _ = LimitReader.Read(written, problems);
        problems.All.ForEach(_say);
        return before;
    }

    private LimitPolicy? Limits(Unit unit, RecordingDirectory directory, Dictionary<ResourceKey, RoutedService[]> served, ref Findings found)
    {
        if (!Exists(unit.Waypoint) || IsEastWest(unit.Waypoint) || _objects.Find(LimitReader.Kind, Key(unit.Name)) is not { } source)
        {
            return null;
        }

        CompiledPart<LimitPolicy> compiled = WaypointCompiler.Limits(Scope(unit.Waypoint, directory, Served(unit.Waypoint, served)) with { Objects = [source] });
        found = new Findings(compiled.Problems, compiled.Used);
        return compiled.Result;
    }

    private ObjectConditions? JudgeLimit(ObjectName name)
    {
        if (_objects.Find(name.Kind, name.Key) is not { } inForce)
        {
            return null;
        }

        RoutingObject written = _faulty.GetValueOrDefault(name.Key) ?? inForce;
        RecordingDirectory directory = new(_services);
        LimitVerdicts verdicts = new(directory, service => [.. _services.WaypointsOf(service.ResourceName).Where(waypoint => !IsEastWest(waypoint))], gateway => GatewayOf(name, gateway));
        IReadOnlyList<ParentConditions> said = verdicts.Judge(written, ReferenceEquals(written, inForce) ? null : inForce);
        _routeAsked[name] = directory.Asked;
        foreach (string asked in directory.Asked)
        {
            _routesAsking.Add(asked, name);
        }

        return new ObjectConditions(KnownResources.LocalRateLimits, name.Key, [], said) { Generation = written.Generation };
    }

    /// <summary>Why a Gateway limits nobody; empty when it does. Null: there is none.</summary>
    private string? GatewayOf(ObjectName policy, ResourceKey key)
    {
        _routesByWaypoint.Add(key, policy);
        _waypointsOfRoute.Add(policy, key);
        if (!_gateways.TryGetValue(key, out Gateway? gateway))
        {
            return null;
        }

        string className = gateway.Spec.GatewayClassName;
        return IsEastWest(key) ? $"is of class {className}, which looks into no connection"
            : _controllers.GetValueOrDefault(className) is { } controller && !OurControllers.Contains(controller) ? $"is of class {className}, which is another controller's"
            : "";
    }
}
