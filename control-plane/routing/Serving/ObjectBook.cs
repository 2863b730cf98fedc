using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Policies;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;

namespace Ambient.ControlPlane.Routing.Serving;

/// <summary>The objects that configuration is compiled from, by what they are about. Not thread-safe.</summary>
internal sealed class ObjectBook(string clusterDomain)
{
    internal static readonly string[] RouteKinds = ["HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute"];
    private readonly Dictionary<(string Kind, ResourceKey Key), RoutingObject> _objects = [];
    private readonly Dictionary<ResourceKey, AuthorizationPolicy> _policies = [];
    private readonly SetIndex<(string Kind, string Host), ResourceKey> _byHost = new();
    private readonly SetIndex<(string Namespace, string Name, bool IsEntry), (string Kind, ResourceKey Key)> _byParent = new();
    private readonly SetIndex<TargetReference, (string Kind, ResourceKey Key)> _byTarget = new();
    private readonly SetIndex<ResourceKey, ResourceKey> _roots = new();

    public RoutingObject? Find(string kind, ResourceKey key) => _objects.GetValueOrDefault((kind, key));

    /// <summary>All objects of a kind of which there are few.</summary>
    public IEnumerable<RoutingObject> All(string kind) => _objects.Where(item => item.Key.Kind == kind).Select(static item => item.Value);

    public AuthorizationPolicy? FindPolicy(ResourceKey key) => _policies.GetValueOrDefault(key);

    /// <summary>Sets an object; the hosts, parents and targets that it was and is about.</summary>
    public Touched Set(string kind, ResourceKey key, RoutingObject? now)
    {
        _objects.TryGetValue((kind, key), out RoutingObject? before);
        if (now is null)
        {
            _objects.Remove((kind, key));
        }
        else
        {
            _objects[(kind, key)] = now;
        }

        (Touched old, Touched fresh) = (About(before), About(now));
        Index(kind, key, old, isThere: false);
        Index(kind, key, fresh, isThere: true);
        if (kind != "VirtualService")
        {
            return old.And(fresh);
        }

        foreach (ResourceKey named in Delegates(before))
        {
            _roots.Remove(named, key);
        }

        foreach (ResourceKey named in Delegates(now))
        {
            _roots.Add(named, key);
        }

        // What delegates say is said for the hosts of those that name them.
        return _roots.Of(key).Select(root => About(_objects.GetValueOrDefault((kind, root)))).Aggregate(old.And(fresh), static (all, root) => all.And(root));
    }

    /// <summary>VirtualServices with those that their rules name.</summary>
    public IEnumerable<RoutingObject> WithDelegates(IReadOnlyCollection<RoutingObject> services) =>
        services.Concat(services.SelectMany(Delegates).Select(named => _objects.GetValueOrDefault(("VirtualService", named))).OfType<RoutingObject>()).Distinct();

    private static IEnumerable<ResourceKey> Delegates(RoutingObject? source) => source is null ? []
        : new SpecReader(source, new ProblemList()).Objects("http").Select(Services.VirtualServiceDelegates.Named).OfType<(string Namespace, string Name)>().Select(static named => new ResourceKey(named.Namespace, named.Name)).Distinct();

    /// <summary>The same for an AuthorizationPolicy.</summary>
    public Touched SetPolicy(ResourceKey key, AuthorizationPolicy? now)
    {
        Touched old = new([], [], Targets(key, _policies.GetValueOrDefault(key)));
        Touched fresh = new([], [], Targets(key, now));
        Index("AuthorizationPolicy", key, old, isThere: false);
        Index("AuthorizationPolicy", key, fresh, isThere: true);
        if (now is null)
        {
            _policies.Remove(key);
        }
        else
        {
            _policies[key] = now;
        }

        return old.And(fresh);
    }

    /// <summary>The objects of a kind that have a host which covers this one.</summary>
    public IEnumerable<RoutingObject> Covering(string kind, string hostname)
    {
        string host = hostname.ToLowerInvariant();
        IEnumerable<string> names = Parents(host).Prepend(host).Append("*").Distinct(StringComparer.Ordinal);
        return names.SelectMany(name => _byHost.Of((kind, name))).Distinct().Select(key => _objects[(kind, key)]);
    }

    /// <summary>The routes of all kinds whose parent is an object.</summary>
    public IEnumerable<RoutingObject> ChildrenOf(RoutedService service) => _byParent.Of((service.Namespace, service.Name, service.IsEntry)).Select(item => _objects[item]);

    /// <summary>The BackendTLSPolicies about an object.</summary>
    public IEnumerable<RoutingObject> AttachedTo(string @namespace, string name, bool isEntry) =>
        _byParent.Of((@namespace, name, isEntry)).Where(static item => item.Kind == "BackendTLSPolicy").Select(item => _objects[item]);

    /// <summary>Policies of all kinds that name a target.</summary>
    public IReadOnlyCollection<(string Kind, ResourceKey Key)> PoliciesFor(string group, string kind, string @namespace, string name) =>
        _byTarget.Of(new TargetReference { Group = group, Kind = kind, Namespace = @namespace, Name = name });

    /// <summary>All policies of a namespace, of both kinds.</summary>
    public IEnumerable<(string Kind, ResourceKey Key)> PoliciesOf(string @namespace) => _policies.Keys.Where(key => key.Namespace == @namespace).Select(static key => ("AuthorizationPolicy", key))
        .Concat(_objects.Keys.Where(item => item.Kind == "RequestAuthentication" && item.Key.Namespace == @namespace));

    /// <summary>Policies that stand for one that cannot be read: they may have named anything of their namespace.</summary>
    public IReadOnlyCollection<(string Kind, ResourceKey Key)> PoliciesForAll(string @namespace) => _byTarget.Of(Everything(@namespace));

    private static TargetReference Everything(string @namespace) => Plain("", "*", @namespace, "*");

    private static IEnumerable<string> Parents(string host)
    {
        for (int dot = host.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = host.IndexOf('.', dot + 1))
        {
            yield return "*" + host[dot..];
        }
    }

    private static TargetReference[] Targets(ResourceKey key, AuthorizationPolicy? policy) => policy is null ? []
        : [.. (policy.Spec.TargetRef is { } one ? policy.Spec.TargetRefs.Append(one) : policy.Spec.TargetRefs).Select(target => target.IsEverything ? Everything(key.Namespace) : Plain(target.Group, target.Kind, key.Namespace, target.Name))];

    private static TargetReference Plain(string group, string kind, string @namespace, string name) =>
        new() { Group = group == "core" ? "" : group, Kind = kind, Namespace = @namespace, Name = name };

    private Touched About(RoutingObject? source)
    {
        if (source is null)
        {
            return Touched.Nothing;
        }

        SpecReader spec = new(source, new ProblemList());
        if (source.Kind is "RequestAuthentication" or LimitReader.Kind)
        {
            IEnumerable<SpecReader> references = spec.Objects("targetRefs");
            references = spec.Object("targetRef") is { } one ? references.Append(one) : references;
            return new Touched([], [], [.. references.Select(target => Plain(target.Text("group"), target.Text("kind"), source.Namespace, target.Text("name")))]);
        }

        if (source.Kind == "BackendTLSPolicy")
        {
            return new Touched([], [.. spec.Objects("targetRefs").Select(target => Parent(target, source.Namespace)).OfType<(string, string, bool)>()], []);
        }

        if (RouteKinds.Contains(source.Kind))
        {
            return new Touched([], [.. spec.Objects("parentRefs").Select(parent => Parent(parent, source.Namespace)).OfType<(string, string, bool)>()], []);
        }

        IEnumerable<string> hosts = source.Kind == "DestinationRule" ? [spec.Text("host")] : spec.Texts("hosts");
        return new Touched([.. hosts.Select(host => Hosts.Full(host, source.Namespace, clusterDomain))], [], []);
    }

    private static (string Namespace, string Name, bool IsEntry)? Parent(SpecReader parent, string @namespace)
    {
        string home = parent.Has("namespace") ? parent.Text("namespace") : @namespace;
        return (parent.Has("group") ? parent.Text("group") : "gateway.networking.k8s.io", parent.Text("kind")) switch
        {
            ("" or "core", "Service") => (home, parent.Text("name"), false),
            ("networking.istio.io", "ServiceEntry") => (home, parent.Text("name"), true),
            _ => null,
        };
    }

    private void Index(string kind, ResourceKey key, Touched about, bool isThere)
    {
        foreach (string name in about.Hosts)
        {
            _byHost.Put((kind, name), key, isThere);
        }

        foreach ((string Namespace, string Name, bool IsEntry) parent in about.Parents)
        {
            _byParent.Put(parent, (kind, key), isThere);
        }

        foreach (TargetReference target in about.Targets)
        {
            _byTarget.Put(target, (kind, key), isThere);
        }
    }
}
