using System.Text.Json.Serialization.Metadata;
using Ambient.Component.Tests.Kubernetes;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Resources.Json;
using Ambient.Testing.Waiting;

namespace Ambient.Component.Tests.ControlPlane.OnKubernetes;

/// <summary>What the leader writes into a real API server: classes, waypoints, conditions, addresses.</summary>
[Collection(ControlPlaneCollection.Name)]
public sealed class ControllersOnKubernetesTests(ApiServerFixture rig)
{
    private const string Hbone = "\"gatewayClassName\":\"istio-waypoint\",\"listeners\":[{\"name\":\"mesh\",\"port\":15008,\"protocol\":\"HBONE\"}]";

    /// <summary>Policies, of which only the status is read.</summary>
    private static readonly ResourceType<StatusOnly> StatusAlone = new(
        "security.istio.io",
        ["v1"],
        "authorizationpolicies",
        "AuthorizationPolicy",
        (JsonTypeInfo<StatusOnly>)ResourceJson.MakeOptions(new DefaultJsonTypeInfoResolver()).GetTypeInfo(typeof(StatusOnly)));

    [RequiresApiServerFact]
    [Trait("behaviour", "CP-232")]
    [Trait("behaviour", "CP-236")]
    [Trait("behaviour", "CP-238")]
    public async Task Waypoint_IsMade_KeptAndShown()
    {
        await Definitions.InstallAsync(rig);
        string system = await rig.NamespaceAsync(), shop = await rig.NamespaceAsync();
        await rig.Admin.DeleteAsync(KnownResources.GatewayClasses, new ResourceKey("", "istio-waypoint"), CancellationToken.None);
        await using PlaneProcess plane = await PlaneProcess.ReadyAsync(rig, system, ("AMBIENT_WAYPOINT_IMAGE", "reg/waypoint:7"));
        await EventuallyAsync(KnownResources.GatewayClasses, "", "istio-waypoint", static found => Assert.Equal(("istio.io/mesh-controller", "True"), (found.Spec.ControllerName, found.Status.Conditions.Single(static condition => condition.Type == "Accepted").Status)));

        // A Service of that name that nobody made for a Gateway is left alone.
        await rig.SpecAsync(KnownResources.Services, shop, "taken", "\"ports\":[{\"port\":80,\"protocol\":\"TCP\"}]");
        await rig.SpecAsync(KnownResources.Gateways, shop, "taken", Hbone);
        Gateway gateway = await rig.SpecAsync(KnownResources.Gateways, shop, "w", Hbone);
        await EventuallyAsync(KnownResources.Deployments, shop, "w", made =>
        {
            OwnerReference owner = Assert.Single(made.Metadata.OwnerReferences);
            Assert.Equal(("Gateway", "w", gateway.Metadata.Uid), (owner.Kind, owner.Name, owner.Uid));
            Assert.Equal("istio.io-mesh-controller", made.Metadata.Labels["gateway.istio.io/managed"]);
        });
        await EventuallyAsync(KnownResources.ServiceAccounts, shop, "w", static _ => { });
        await EventuallyAsync(KnownResources.Services, shop, "w", static made => Assert.Equal([15021, 15008], made.Spec.Ports.Select(static port => port.Port)));
        await EventuallyAsync(KnownResources.Gateways, shop, "w", static found =>
        {
            Assert.Equal("5", found.Metadata.Annotations["gateway.istio.io/controller-version"]);
            Assert.Equal("AddressNotUsable", Of(found, "Programmed").Reason);
            Assert.Empty(found.Status.Addresses);
        });
        await EventuallyAsync(KnownResources.Deployments, shop, "taken", static _ => { });
        Assert.Equal(80, (await rig.Admin.GetAsync(KnownResources.Services, new ResourceKey(shop, "taken"), CancellationToken.None)).Value!.Spec.Ports.Single().Port);

        // What is deleted comes back, what is changed is set right, and a Gateway of a newer controller is left alone.
        await rig.Admin.DeleteAsync(KnownResources.Deployments, new ResourceKey(shop, "w"), CancellationToken.None);
        await EventuallyAsync(KnownResources.Deployments, shop, "w", static _ => { });
        await rig.Admin.PatchAsync(KnownResources.Services, new ResourceKey(shop, "w"), Patch.Merge("""{"spec":{"selector":{"gateway.networking.k8s.io/gateway-name":"x"}}}"""u8.ToArray()), CancellationToken.None);
        await EventuallyAsync(KnownResources.Services, shop, "w", static made => Assert.Equal("w", made.Spec.Selector["gateway.networking.k8s.io/gateway-name"]));
        await rig.SpecAsync(KnownResources.Gateways, shop, "newer", Hbone, ",\"annotations\":{\"gateway.istio.io/controller-version\":\"6\"}");

        // Somebody answers: the address is shown, and whoever asked for it is bound.
        await rig.SpecAsync(KnownResources.ServiceEntries, shop, "ext", "\"hosts\":[\"api.example.com\"],\"resolution\":\"DNS\",\"ports\":[{\"number\":80,\"name\":\"http\",\"protocol\":\"HTTP\"}]", ",\"labels\":{\"istio.io/use-waypoint\":\"w\"}");
        await rig.SpecAsync(KnownResources.AuthorizationPolicies, shop, "p", "\"targetRefs\":[{\"group\":\"networking.istio.io\",\"kind\":\"ServiceEntry\",\"name\":\"ext\"}],\"action\":\"ALLOW\"");
        await EventuallyAsync(KnownResources.ServiceEntries, shop, "ext", static entry => Assert.Equal(("False", "WaypointIsNotReady"), Word(entry.Status.Conditions, "istio.io/WaypointBound")));
        await EventuallyAsync(KnownResources.AuthorizationPolicies, shop, "p", static policy => Assert.Equal(("False", "AncestorNotBound"), Word(policy.Status.Conditions, "WaypointAccepted")));
        await ReadyEndpointAsync(shop, "w");
        await EventuallyAsync(KnownResources.Gateways, shop, "w", found => Assert.Equal($"w.{shop}.svc.cluster.local", found.Status.Addresses[0].Value));
        await EventuallyAsync(KnownResources.ServiceEntries, shop, "ext", static entry => Assert.Equal(("True", "WaypointAccepted"), Word(entry.Status.Conditions, "istio.io/WaypointBound")));
        await EventuallyAsync(KnownResources.AuthorizationPolicies, shop, "p", static policy => Assert.Equal(("True", "Accepted"), Word(policy.Status.Conditions, "WaypointAccepted")));
        Assert.True((await rig.Admin.GetAsync(KnownResources.Deployments, new ResourceKey(shop, "newer"), CancellationToken.None)).Error!.IsNotFound);
    }

    [RequiresApiServerFact]
    public async Task Policies_AreToldWhoEnforcesThem_AndWhatIsWrong()
    {
        await Definitions.InstallAsync(rig);
        string system = await rig.NamespaceAsync(), shop = await rig.NamespaceAsync();
        await using PlaneProcess plane = await PlaneProcess.ReadyAsync(rig, system);
        await rig.SpecAsync(KnownResources.AuthorizationPolicies, shop, "good", "\"action\":\"DENY\",\"rules\":[{\"from\":[{\"source\":{\"namespaces\":[\"x\"]}}]}]");
        await rig.SpecAsync(KnownResources.AuthorizationPolicies, shop, "http", "\"action\":\"ALLOW\",\"rules\":[{\"to\":[{\"operation\":{\"methods\":[\"GET\"]}}]}]");
        await EventuallyAsync(KnownResources.AuthorizationPolicies, shop, "good", static policy => Assert.Equal(("True", "Accepted"), Word(policy.Status.Conditions, "ZtunnelAccepted")));
        await EventuallyAsync(KnownResources.AuthorizationPolicies, shop, "http", static policy =>
        {
            Assert.Equal(("True", "UnsupportedValue"), Word(policy.Status.Conditions, "ZtunnelAccepted"));
            Assert.Contains("methods", policy.Status.Conditions[0].Message, StringComparison.Ordinal);
        });

        // A field of the wrong type: the status names it, the log names it, and what was said before stays.
        ApiResult<AuthorizationPolicy> broken = await rig.Admin.PatchAsync(KnownResources.AuthorizationPolicies, new ResourceKey(shop, "good"), Patch.Merge("""{"spec":{"rules":[{"from":"nobody"}]}}"""u8.ToArray()), CancellationToken.None);
        Assert.Equal("Unreadable", broken.Error!.Reason);
        await plane.SaysAsync("spec.rules[0].from: is not a list");
        await EventuallyAsync(StatusAlone, shop, "good", static policy =>
        {
            Assert.Equal(("False", "Invalid"), Word(policy.Status.Conditions, "ZtunnelAccepted"));
            Assert.Contains("spec.rules[0].from: is not a list", policy.Status.Conditions[0].Message, StringComparison.Ordinal);
        });
        await rig.Admin.PatchAsync(KnownResources.AuthorizationPolicies, new ResourceKey(shop, "good"), Patch.Merge("""{"spec":{"rules":[]}}"""u8.ToArray()), CancellationToken.None);
        await EventuallyAsync(KnownResources.AuthorizationPolicies, shop, "good", static policy => Assert.Equal(("True", "Accepted"), Word(policy.Status.Conditions, "ZtunnelAccepted")));
    }

    [RequiresApiServerFact]
    public async Task Addresses_AreGivenOnce_AndKeptOverRestarts()
    {
        await Definitions.InstallAsync(rig);
        string system = await rig.NamespaceAsync(), shop = await rig.NamespaceAsync();
        string[] hosts = ["a.example.com", "b.example.com", "c.example.com"];
        foreach (string host in hosts)
        {
            await rig.SpecAsync(KnownResources.ServiceEntries, shop, host[..1], $"\"hosts\":[\"{host}\"],\"resolution\":\"DNS\",\"ports\":[{{\"number\":80,\"name\":\"http\",\"protocol\":\"HTTP\"}}]");
        }

        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        await using (PlaneProcess first = await PlaneProcess.ReadyAsync(rig, system))
        {
            foreach (string host in hosts)
            {
                await EventuallyAsync(KnownResources.ServiceEntries, shop, host[..1], entry =>
                {
                    Assert.Equal(2, entry.Status.Addresses.Count);
                    Assert.All(entry.Status.Addresses, address => Assert.Equal(host, address.Host));
                    given[host] = string.Join(' ', entry.Status.Addresses.Select(static address => address.Value));
                });
            }
        }

        Assert.Equal(3, given.Values.Distinct().Count());
        await using PlaneProcess second = await PlaneProcess.ReadyAsync(rig, system);
        await rig.SpecAsync(KnownResources.ServiceEntries, shop, "d", "\"hosts\":[\"d.example.com\"],\"resolution\":\"DNS\"");
        await EventuallyAsync(KnownResources.ServiceEntries, shop, "d", entry => Assert.DoesNotContain(string.Join(' ', entry.Status.Addresses.Select(static address => address.Value)), given.Values.Append("")));
        foreach (string host in hosts)
        {
            ServiceEntry entry = (await rig.Admin.GetAsync(KnownResources.ServiceEntries, new ResourceKey(shop, host[..1]), CancellationToken.None)).Value!;
            Assert.Equal(given[host], string.Join(' ', entry.Status.Addresses.Select(static address => address.Value)));
        }
    }

    private sealed record StatusOnly : Resource
    {
        public IstioStatus Status { get; init; } = new();
    }

    private static Condition Of(Gateway gateway, string type) => gateway.Status.Conditions.Single(condition => condition.Type == type);

    private static (string Status, string Reason) Word(IReadOnlyList<Condition> conditions, string type)
    {
        Condition found = conditions.Single(condition => condition.Type == type);
        return (found.Status, found.Reason);
    }

    private Task EventuallyAsync<T>(ResourceType<T> type, string space, string name, Action<T> holds)
        where T : Resource => Eventually.PassesAsync(
            async () =>
            {
                ApiResult<T> read = await rig.Admin.GetAsync(type, new ResourceKey(space, name), CancellationToken.None);
                Assert.True(read.IsOk(out T? found, out ApiError? error), error?.ToString());
                holds(found);
            },
            PlaneProcess.Deadline);

    /// <summary>What the endpoint controller would write for a pod that is ready.</summary>
    private async Task ReadyEndpointAsync(string space, string service)
    {
        string version = (await rig.Admin.Discovery.VersionOfAsync(KnownResources.EndpointSlices, CancellationToken.None)).Value!;
        await rig.ApplyAsync(KnownResources.EndpointSlices, new ResourceKey(space, service + "-1"), $$$"""
            {"apiVersion":"discovery.k8s.io/{{{version}}}","kind":"EndpointSlice","metadata":{"name":"{{{service}}}-1","labels":{"kubernetes.io/service-name":"{{{service}}}"}},
             "addressType":"IPv4","endpoints":[{"addresses":["10.9.9.9"],"conditions":{"ready":true}}],"ports":[{"name":"mesh","port":15008}]}
            """);
    }
}
