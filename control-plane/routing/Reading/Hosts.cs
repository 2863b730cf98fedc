using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Reading;

/// <summary>Host names of objects, and the services they mean. Immutable.</summary>
internal sealed class Hosts(WaypointScope scope)
{
    /// <summary>What holds where routes say nothing.</summary>
    public MeshDefaults Defaults => scope.Defaults;

    /// <summary>A name without a dot is one of the object's namespace.</summary>
    public string Full(string host, string @namespace) => Full(host, @namespace, scope.ClusterDomain);

    /// <summary>The same where there is no scope.</summary>
    public static string Full(string host, string @namespace, string clusterDomain) =>
        host.Contains('.', StringComparison.Ordinal) || host == "*" ? host.ToLowerInvariant() : $"{host.ToLowerInvariant()}.{@namespace}.svc.{clusterDomain}";

    /// <summary>Whether a host of an object, possibly a wildcard, covers a service.</summary>
    public static bool Covers(string host, string hostname) =>
        host == "*" || host.Equals(hostname, StringComparison.OrdinalIgnoreCase)
        || (host.StartsWith("*.", StringComparison.Ordinal) && hostname.EndsWith(host[1..], StringComparison.OrdinalIgnoreCase));

    /// <summary>The service of a host; the waypoint's own namespace first. Null when there is none.</summary>
    public RoutedService? Find(string hostname) =>
        scope.Directory.OfHost(hostname).OrderByDescending(service => service.Namespace == scope.Namespace).ThenBy(service => service.Namespace, StringComparer.Ordinal).FirstOrDefault();

    /// <summary>Whether an object may name one of that namespace.</summary>
    public bool IsGranted(RoutingObject source, string group, string kind, string @namespace, string name) => scope.IsGranted(source, group, kind, @namespace, name);

    /// <summary>The Service or ServiceEntry of that name.</summary>
    public RoutedService? Find(string @namespace, string name, bool isEntry) => scope.Directory.OfObject(@namespace, name, isEntry);

    /// <summary>A destination of a VirtualService: one that nobody knows has no namespace, and requests for it are answered 503.</summary>
    public Destination Destination(SpecReader destination, string @namespace, ushort listening)
    {
        string host = Full(destination.Text("host"), @namespace);
        uint? port = destination.Object("port")?.Number("number");
        RoutedService? service = Find(host);
        if (service is null)
        {
            destination.Problems.Add(destination.Source, RoutingProblem.BackendNotFound, $"{destination.Path}.host: there is no service {host} that this waypoint can see; its requests are answered 503");
        }

        uint number = port ?? (service is { Ports: [{ } only] } ? only.Number : listening);
        Destination found = service?.At(number) ?? new Destination { Hostname = host, Port = number };
        found.Subset = destination.Text("subset");
        return found;
    }
}
