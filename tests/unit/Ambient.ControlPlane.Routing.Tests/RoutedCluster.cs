using System.Text;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.ControlPlane.Discovery.Settings;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Keys;
using Ambient.ControlPlane.Routing.Serving;
using Ambient.Kubernetes.Resources;
using Ambient.Routing.Messages;
using Ambient.Xds.Server.Resources;
using Google.Protobuf;

namespace Ambient.ControlPlane.Routing.Tests;

/// <summary>The control plane's indexes without a source: objects in as JSON, waypoints' resources out.</summary>
internal sealed class RoutedCluster
{
    private readonly SortedDictionary<string, IMessage> _resources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Action<MeshIndex, WaypointIndex>> _objects = new(StringComparer.Ordinal);

    private readonly Func<KeySource, string, KeyAnswer>? _keys;

    public RoutedCluster(Func<KeySource, string, KeyAnswer>? keys = null, Func<ReferenceKey, Referenced>? references = null, TimeProvider? clock = null)
    {
        _keys = keys;
        Waypoints = new WaypointIndex(new RoutingSettings(), problem => Said.Add(problem.Message), keys, references);
        Index = new MeshIndex(new MeshSettings(), Waypoints, clock: clock);
    }

    /// <summary>What was said about objects so far.</summary>
    public List<string> Said { get; } = [];

    public WaypointIndex Waypoints { get; }

    public MeshIndex Index { get; }

    /// <summary>What waypoints were said to need; null: everything.</summary>
    public Dictionary<string, IReadOnlySet<string>?> Needs { get; } = new(StringComparer.Ordinal);

    /// <summary>What is served to waypoints, by type and name.</summary>
    public IReadOnlyDictionary<string, IMessage> Resources => _resources;

    /// <summary>What statuses should say, by kind and name.</summary>
    public Dictionary<string, ObjectConditions> Statuses { get; } = new(StringComparer.Ordinal);

    /// <summary>What the last call of <see cref="Take"/> had to say anew.</summary>
    public IReadOnlyList<string> JudgedAnew { get; private set; } = [];

    /// <summary>Sets an object, or removes it: no JSON.</summary>
    public void Set(string kind, string name, string? json, string created = "2026-01-01T00:00:00Z")
    {
        string[] words = name.Split('/');
        var key = new ResourceKey(words.Length > 1 ? words[0] : "", words[^1]);
        string text = "{'metadata':{'name':'" + key.Name + "','namespace':'" + key.Namespace + "','creationTimestamp':'" + created + "'" + json + "}";
        Action<MeshIndex, WaypointIndex> set = (index, waypoints) => Put(index, waypoints, kind, key, json is null ? null : Encoding.UTF8.GetBytes(text.Replace('\'', '"')));
        _objects.Remove(kind + " " + name);
        if (json is not null)
        {
            _objects[kind + " " + name] = set;
        }

        set(Index, Waypoints);
    }

    /// <summary>What is different since the last call: <c>+type name</c>, <c>-type name</c>.</summary>
    public string Take()
    {
        Index.Take();
        SortedSet<string> told = new(StringComparer.Ordinal);
        foreach (ResourceChange change in Waypoints.Take())
        {
            if (change.TypeUrl == ResourceTypes.Needs)
            {
                Needs.Remove(change.Name);
                _ = change.Content is not { } content || Needs.TryAdd(change.Name, content.Needs);
                continue;
            }

            string name = change.TypeUrl.Split('.')[^1] + " " + change.Name;
            if (change.Content is null)
            {
                told.Add("-" + name);
                _resources.Remove(name);
            }
            else if (!_resources.TryGetValue(name, out IMessage? old) || !old.Equals(change.Content.Message))
            {
                told.Add("+" + name);
                _resources[name] = change.Content.Message;
            }
        }

        IReadOnlyList<ObjectConditions> conditions = Waypoints.TakeConditions();
        JudgedAnew = [.. conditions.Select(static said => $"{said.Type.Kind} {said.Key}")];
        foreach (ObjectConditions said in conditions)
        {
            Statuses[$"{said.Type.Kind} {said.Key}"] = said;
        }

        return string.Join(", ", told);
    }

    /// <summary>What a control plane would serve that saw only what is there now.</summary>
    public RoutedCluster Anew()
    {
        RoutedCluster other = new(_keys);
        foreach (Action<MeshIndex, WaypointIndex> set in _objects.Values)
        {
            set(other.Index, other.Waypoints);
        }

        other.Take();
        return other;
    }

    private static void Put(MeshIndex index, WaypointIndex waypoints, string kind, ResourceKey key, byte[]? json)
    {
        ResourceType type = kind == "IstioGateway" ? KnownResources.IstioGateways : KnownResources.All.Single(type => type.Kind == kind && type != KnownResources.IstioGateways);
        Resource? now = null;
        if (json is not null)
        {
            Assert.True(type.TryReadAny(json, out now, out ReadProblem? problem), problem?.ToString());
        }

        switch (kind)
        {
            case "Service":
                index.SetService(key, (Kubernetes.Resources.Services.Service?)now);
                break;
            case "Namespace":
                index.SetNamespace(key.Name, (Kubernetes.Resources.Workloads.Namespace?)now);
                break;
            case "Gateway":
                index.SetGateway(key, (Kubernetes.Resources.Gateways.Gateway?)now);
                break;
            case "Pod":
                index.SetPod(key, (Kubernetes.Resources.Workloads.Pod?)now);
                break;
            case "ServiceEntry":
                index.SetServiceEntry(key, (Kubernetes.Resources.Istio.ServiceEntry?)now);
                break;
            case "AuthorizationPolicy":
                index.SetAuthorizationPolicy(key, (Kubernetes.Resources.Istio.AuthorizationPolicy?)now);
                break;
        }

        waypoints.Set(type, key, now);
    }
}
