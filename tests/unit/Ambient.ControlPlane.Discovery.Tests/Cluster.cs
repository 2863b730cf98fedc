using System.Text;
using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.ControlPlane.Discovery.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Protocol.Istio.Security;
using Ambient.Protocol.Istio.Workload;
using Ambient.Xds.Server.Resources;
using Address = Ambient.Protocol.Istio.Workload.Address;

namespace Ambient.ControlPlane.Discovery.Tests;

/// <summary>An index that is fed with objects as JSON, and what came of it.</summary>
internal sealed class Cluster
{
    public static readonly MeshSettings Settings = new() { ClusterId = "cluster0", DomainSuffix = "company.com" };

    private readonly SortedDictionary<string, ResourceContent> _addresses = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ResourceContent> _policies = new(StringComparer.Ordinal);
    private readonly ResourceStore _store = new([MeshIndex.PolicyType, MeshIndex.AddressType]);

    public Cluster(MeshSettings settings, bool isRemote)
    {
        Index = new MeshIndex(settings, null, isRemote);
    }

    public Cluster(bool hasNetwork = true, TimeProvider? clock = null)
    {
        Index = new MeshIndex(Settings, clock: clock);
        if (hasNetwork)
        {
            Namespace("istio-system", """{"topology.istio.io/network":"testnetwork"}""");
        }
    }

    public MeshIndex Index { get; }

    /// <summary>The names whose resources are different since the last call, as "+name" and "-name".</summary>
    public string Events()
    {
        var told = new SortedSet<string>(StringComparer.Ordinal);
        foreach (ResourceChange change in Index.Take())
        {
            if (_store.Apply([change]) == 0)
            {
                continue;
            }

            SortedDictionary<string, ResourceContent> table = change.TypeUrl == MeshIndex.AddressType ? _addresses : _policies;
            told.Add((change.Content is null ? "-" : "+") + change.Name);
            if (change.Content is null)
            {
                table.Remove(change.Name);
            }
            else
            {
                table[change.Name] = change.Content;
            }
        }

        return string.Join(' ', told);
    }

    public Workload Workload(string uid) => ((Address)Content(_addresses, uid).Message).Workload;

    public Service Service(string name) => ((Address)Content(_addresses, name).Message).Service;

    public Authorization Policy(string name) => (Authorization)Content(_policies, name).Message;

    public ResourceContent Content(string name) => Content(_addresses, name);

    public IEnumerable<string> Names
    {
        get
        {
            Events();
            return _addresses.Keys;
        }
    }

    public IEnumerable<string> PolicyNames
    {
        get
        {
            Events();
            return _policies.Keys;
        }
    }

    /// <summary>Every resource with its version, for comparison with another cluster.</summary>
    public IReadOnlyDictionary<string, string> Versions()
    {
        Events();
        return _store.Versions(MeshIndex.AddressType).Concat(_store.Versions(MeshIndex.PolicyType)).ToDictionary();
    }

    public void Namespace(string name, string labels = "{}", string annotations = "{}") =>
        Index.SetNamespace(name, Read(KnownResources.Namespaces, Meta(name, "", labels, annotations)));

    public void Pod(string name, string ip, string labels = "{}", string annotations = "{}", string ns = "ns1", string spec = "{}", bool isReady = true) => Index.SetPod(
        new ResourceKey(ns, name),
        Read(KnownResources.Pods, Meta(name, ns, labels, annotations, $$"""
            "spec":{{spec}},"status":{"phase":"Running","podIP":"{{ip}}","conditions":[{"type":"Ready","status":"{{isReady}}"}]}
            """)));

    public void NoPod(string name, string ns = "ns1") => Index.SetPod(new ResourceKey(ns, name), null);

    public void RawPod(string name, string rest) => Index.SetPod(new ResourceKey("ns1", name), Read(KnownResources.Pods, rest));

    public void Service(string name, string spec, string labels = "{}", string annotations = "{}", string ns = "ns1") =>
        Index.SetService(new ResourceKey(ns, name), Read(KnownResources.Services, Meta(name, ns, labels, annotations, $"\"spec\":{spec}")));

    public void NoService(string name, string ns = "ns1") => Index.SetService(new ResourceKey(ns, name), null);

    public void ServiceEntry(string name, string spec, string labels = "{}", string ns = "ns1", string created = "2030-01-01T00:00:00Z", string status = "{}", string annotations = "{}") => Index.SetServiceEntry(
        new ResourceKey(ns, name), Read(KnownResources.ServiceEntries, Meta(name, ns, labels, annotations, $"\"spec\":{spec},\"status\":{status}", created)));

    public void NoServiceEntry(string name, string ns = "ns1") => Index.SetServiceEntry(new ResourceKey(ns, name), null);

    public void WorkloadEntry(string name, string spec, string labels = "{}", string annotations = "{}") =>
        Index.SetWorkloadEntry(new ResourceKey("ns1", name), Read(KnownResources.WorkloadEntries, Meta(name, "ns1", labels, annotations, $"\"spec\":{spec}")));

    public void Slice(string name, string rest, string ns = "ns1") =>
        Index.SetEndpointSlice(new ResourceKey(ns, name), Read(KnownResources.EndpointSlices, rest));

    public void Gateway(string name, string address = "", string labels = "{}", string spec = "{}", string ns = "ns1", string annotations = "{}")
    {
        string type = address.Length > 0 && char.IsDigit(address[0]) ? "IPAddress" : "Hostname";
        string addresses = address.Length == 0 ? "" : "{\"type\":\"" + type + "\",\"value\":\"" + address + "\"}";
        string rest = "\"spec\":" + spec + ",\"status\":{\"addresses\":[" + addresses + "]}";
        Index.SetGateway(new ResourceKey(ns, name), Read(KnownResources.Gateways, Meta(name, ns, labels, annotations, rest)));
    }

    public void NoGateway(string name) => Index.SetGateway(new ResourceKey("ns1", name), null);

    public void Authorization(string name, string spec, string ns = "ns1", string labels = "{}", string annotations = "{}") => Index.SetAuthorizationPolicy(
        new ResourceKey(ns, name), Read(KnownResources.AuthorizationPolicies, Meta(name, ns, labels, annotations, $"\"spec\":{spec}")));

    public void NoAuthorization(string name, string ns = "ns1") => Index.SetAuthorizationPolicy(new ResourceKey(ns, name), null);

    public void Peer(string name, string spec, string ns = "ns1", string created = "2030-01-01T00:00:00Z") => Index.SetPeerAuthentication(
        new ResourceKey(ns, name), Read(KnownResources.PeerAuthentications, Meta(name, ns, "{}", "{}", $"\"spec\":{spec}", created)));

    public void NoPeer(string name, string ns = "ns1") => Index.SetPeerAuthentication(new ResourceKey(ns, name), null);

    public void Set<T>(ResourceType<T> type, string json, Action<ResourceKey, T?> set)
        where T : Resource
    {
        T read = Read(type, json);
        set(read.Key, read);
    }

    public static T Read<T>(ResourceType<T> type, string json)
        where T : Resource
    {
        Assert.True(type.TryRead(Encoding.UTF8.GetBytes(json), out T? resource, out ReadProblem? problem), $"{problem}: {json}");
        return resource;
    }

    public static string Meta(string name, string ns, string labels, string annotations, string rest = "", string created = "2030-01-01T00:00:00Z") => $$"""
        {"metadata":{"name":"{{name}}","namespace":"{{ns}}","uid":"uid-{{name}}","labels":{{labels}},"annotations":{{annotations}},"creationTimestamp":"{{created}}"}{{(rest.Length > 0 ? "," : "")}}{{rest}}}
        """;

    private ResourceContent Content(SortedDictionary<string, ResourceContent> table, string name)
    {
        Events();
        Assert.True(table.TryGetValue(name, out ResourceContent? content), $"no {name}; there are {string.Join(' ', table.Keys)}");
        return content;
    }
}
