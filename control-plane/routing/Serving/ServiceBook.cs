using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Routing.Serving;

/// <summary>All services of the mesh by their names, and their endpoints by labels. Not thread-safe.</summary>
internal sealed class ServiceBook : IServiceDirectory
{
    private readonly Dictionary<string, (RoutedService Service, IReadOnlyList<ResourceKey> Waypoints)> _services = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ResourceKey> _named = new(StringComparer.Ordinal);
    private readonly SetIndex<string, string> _byHost = new();
    private readonly SetIndex<(string Namespace, string Name, bool IsEntry), string> _byObject = new();
    private readonly SetIndex<ResourceKey, string> _served = new();
    private readonly Dictionary<string, WorkloadFacts> _workloads = new(StringComparer.Ordinal);
    private readonly SetIndex<string, string> _members = new();

    /// <summary>All host names.</summary>
    public IReadOnlyCollection<string> Hosts => _byHost.Keys;

    /// <summary>The service of a resource name; null when there is none.</summary>
    public RoutedService? Find(string name) => _services.TryGetValue(name, out (RoutedService Service, IReadOnlyList<ResourceKey> Waypoints) held) ? held.Service : null;

    /// <summary>The waypoints that serve a service: the first, the second that it tries, and those that did until a moment ago.</summary>
    public IReadOnlyList<ResourceKey> WaypointsOf(string name) => _services.TryGetValue(name, out (RoutedService Service, IReadOnlyList<ResourceKey> Waypoints) held) ? held.Waypoints : [];

    /// <summary>The waypoint that a service names, whether that serves it or not.</summary>
    public ResourceKey? NamedWaypoint(string name) => _named.TryGetValue(name, out ResourceKey waypoint) ? waypoint : null;

    /// <summary>Sets it; whether it is another than before.</summary>
    public bool SetNamed(string name, ResourceKey? now)
    {
        if (NamedWaypoint(name) == now)
        {
            return false;
        }

        _named.Remove(name);
        if (now is { } waypoint)
        {
            _named[name] = waypoint;
        }

        return true;
    }

    /// <summary>The waypoints that serve anything.</summary>
    public IReadOnlyCollection<ResourceKey> Waypoints => _served.Keys;

    /// <summary>Names of the services that a waypoint serves.</summary>
    public IReadOnlyCollection<string> ServedBy(ResourceKey waypoint) => _served.Of(waypoint);

    /// <summary>Names of the services under a host name.</summary>
    public IReadOnlyCollection<string> NamesOfHost(string host) => _byHost.Of(host.ToLowerInvariant());

    /// <summary>Names of the services of an object.</summary>
    public IReadOnlyCollection<string> NamesOfObject(string @namespace, string name, bool isEntry) => _byObject.Of((@namespace, name, isEntry));

    /// <inheritdoc/>
    public IEnumerable<RoutedService> OfHost(string hostname) => _byHost.Of(hostname.ToLowerInvariant()).Select(name => _services[name].Service);

    /// <inheritdoc/>
    public RoutedService? OfObject(string @namespace, string name, bool isEntry) =>
        _byObject.Of((@namespace, name, isEntry)).Order(StringComparer.Ordinal).Select(held => _services[held].Service).FirstOrDefault();

    /// <summary>Uids of the endpoints of a service that have all of these labels.</summary>
    public IReadOnlyList<string> Members(RoutedService service, IReadOnlyDictionary<string, string> labels) =>
        [.. _members.Of(service.ResourceName).Where(uid => labels.All(label => _workloads[uid].Labels.Find(label.Key) == label.Value)).Order(StringComparer.Ordinal)];

    /// <summary>Sets a service; what it was and its waypoints before, when that is different.</summary>
    public bool Set(string name, RoutedService? now, IReadOnlyList<ResourceKey> waypoints, out RoutedService? before, out IReadOnlyList<ResourceKey> waypointsBefore)
    {
        (before, waypointsBefore) = _services.TryGetValue(name, out (RoutedService Service, IReadOnlyList<ResourceKey> Waypoints) old) ? (old.Service, old.Waypoints) : (null, []);
        bool isSame = waypointsBefore.SequenceEqual(waypoints) && (before is null ? now is null : now is not null && before with { Ports = now.Ports, SubjectAltNames = now.SubjectAltNames } == now && before.Ports.SequenceEqual(now.Ports) && before.SubjectAltNames.SequenceEqual(now.SubjectAltNames));
        if (isSame)
        {
            return false;
        }

        if (before is not null)
        {
            _services.Remove(name);
            _byHost.Remove(before.Hostname.ToLowerInvariant(), name);
            _byObject.Remove((before.Namespace, before.Name, before.IsEntry), name);
            foreach (ResourceKey served in waypointsBefore)
            {
                _served.Remove(served, name);
            }
        }

        if (now is not null)
        {
            _services[name] = (now, waypoints);
            _byHost.Add(now.Hostname.ToLowerInvariant(), name);
            _byObject.Add((now.Namespace, now.Name, now.IsEntry), name);
            foreach (ResourceKey serving in waypoints)
            {
                _served.Add(serving, name);
            }
        }

        return true;
    }

    /// <summary>Sets a workload; the services whose endpoints are different by that.</summary>
    public IReadOnlyCollection<string> SetWorkload(string uid, WorkloadFacts? now)
    {
        _workloads.TryGetValue(uid, out WorkloadFacts? before);
        if (before is not null && now is not null && before.Labels.Equals(now.Labels) && before.Services.SequenceEqual(now.Services, StringComparer.Ordinal))
        {
            return [];
        }

        foreach (string service in before?.Services ?? [])
        {
            _members.Remove(service, uid);
        }

        foreach (string service in now?.Services ?? [])
        {
            _members.Add(service, uid);
        }

        if (now is null)
        {
            _workloads.Remove(uid);
        }
        else
        {
            _workloads[uid] = now;
        }

        return [.. (before?.Services ?? []).Union(now?.Services ?? [], StringComparer.Ordinal)];
    }
}
