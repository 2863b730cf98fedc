using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Kubernetes.Resources;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests.Edges;

/// <summary>A cluster with services <c>apps/web</c> and <c>other/api</c>, Secrets, and gateways; objects in, what gateways are told out.</summary>
internal sealed class EdgeCluster
{
    private readonly Dictionary<ReferenceKey, Referenced> _referenced = [];

    public EdgeCluster()
    {
        Cluster = new RoutedCluster(references: reference => _referenced.GetValueOrDefault(reference, Referenced.Missing));
        Cluster.Set("Namespace", "apps", ",'labels':{'team':'a'}}");
        Cluster.Set("Namespace", "other", ",'labels':{'team':'b'}}");
        Cluster.Set("Service", "apps/web", "},'spec':{'clusterIP':'10.96.0.1','ports':[{'name':'http','port':80}]}");
        Cluster.Set("Service", "other/api", "},'spec':{'clusterIP':'10.96.0.2','ports':[{'name':'http','port':80}]}");
    }

    public RoutedCluster Cluster { get; }

    /// <summary>Sets a Secret with values; none removes it.</summary>
    public void Secret(string name, params (string Name, byte[] Value)[] values)
    {
        ReferenceKey key = new(IsSecret: true, new ResourceKey(name.Split('/')[0], name.Split('/')[1]));
        _referenced[key] = values.Length == 0 ? Referenced.Missing : new Referenced(true, values.ToDictionary(static value => value.Name, static value => value.Value));
        Cluster.Waypoints.OnReference(key);
    }

    /// <summary>A Secret with a good certificate.</summary>
    public void Certificate(string name)
    {
        TestPem pem = new();
        Secret(name, ("tls.crt", pem.Certificate), ("tls.key", pem.Key), ("ca.crt", pem.Certificate));
    }

    /// <summary>A resource that is served.</summary>
    public T? Find<T>(string name)
        where T : class => Cluster.Resources.GetValueOrDefault($"{typeof(T).Name} {name}") as T;

    /// <summary>Hosts of a port's only listener and where their first route leads.</summary>
    public string Hosts(string owner, int port)
    {
        EdgePort? found = Find<EdgePort>($"{owner}/port/{port}");
        return found is null ? "closed" : string.Join(", ", found.Listeners.SelectMany(listener => listener.Hosts.Select(host => $"{host.Hostname}={First(owner, host.Routes)}")));
    }

    private string First(string owner, string routes)
    {
        PortRoutes table = Find<ServiceRoutes>($"{owner}/{routes}")!.Ports[0];
        return string.Join('+', table.Http.Select(route => table.HttpActions[(int)route.Action] switch
        {
            { Redirect: { } redirect } => $"redirect:{redirect.Scheme}:{redirect.Status}",
            { Targets: [{ Destination: { } destination }, ..] } => destination.Hostname.Split('.')[0],
            { Targets: [{ } failing, ..] } => failing.FailStatus.ToString(System.Globalization.CultureInfo.InvariantCulture),
            _ => "?",
        }));
    }
}
