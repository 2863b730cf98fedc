using Ambient.Mesh.Addresses;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Ztunnel.Discovery.Local;

namespace Ambient.Ztunnel.Tests.Discovery;

public sealed class LocalMeshTests
{
    private const string Sample = """
        # a comment
        workloads:
        - uid: c1//Pod/shop/cart-0
          name: cart-0
          namespace: shop
          trustDomain: cluster.local
          serviceAccount: cart
          workloadIps: ["127.0.0.5", "fd00::5"]
          protocol: HBONE
          node: n1
          services: {"shop/cart.shop.svc.cluster.local": {80: 8080}}
        services:
        - {name: cart, namespace: shop, hostname: cart.shop.svc.cluster.local, vips: ["/127.20.0.1"], ports: {80: 8080}}
        policies:
        - name: only-web
          namespace: shop
          scope: Namespace
          action: Allow
          dryRun: false
          rules: [[[{principals: [!Exact cluster.local/ns/shop/sa/web]}]]]
        """;

    [Fact]
    [Trait("behaviour", "ZT-101")]
    public void Sample_LeadsFromTheVipToTheEndpointAndItsIdentity()
    {
        var state = new MeshState("n1");
        using LocalSource source = LocalSource.FromText(Sample, state, new LocalSourceEvents());

        Service service = state.Current.FindService(new NetworkAddress("", IpAddress.Parse("127.20.0.1")), null)!;
        Assert.True(service.Ports.TryGet(80, out ushort target));
        Assert.Equal(8080, target);
        Workload endpoint = Assert.Single(state.Current.EndpointWorkloads(service));
        Assert.Equal("spiffe://cluster.local/ns/shop/sa/cart", endpoint.Identity.ToString());
    }

    [Fact]
    [Trait("behaviour", "ZT-101")]
    public void VipOnAnotherNetworkThanTheWorkload_IsFoundAsWell()
    {
        var state = new MeshState();
        using LocalSource source = LocalSource.FromText(Sample.Replace("\"/127.20.0.1\"", "\"remote/127.20.0.1\"", StringComparison.Ordinal), state, new LocalSourceEvents());

        Service service = state.Current.FindService(new NetworkAddress("remote", IpAddress.Parse("127.20.0.1")), null)!;
        Assert.Single(state.Current.EndpointWorkloads(service));
    }

    [Fact]
    public void EveryField_Arrives()
    {
        LocalMesh mesh = LocalMesh.Parse("""
            workloads:
            - {uid: u, name: n, namespace: ns, trustDomain: td, serviceAccount: sa, network: net, workloadName: wn, workloadType: pod, canonicalName: cn, canonicalRevision: cr,
               hostname: h, node: no, nativeTunnel: true, applicationTunnel: {protocol: PROXY, port: 99}, authorizationPolicies: [a/b], status: Unhealthy, clusterId: c,
               locality: {region: r, zone: z, subzone: s}, services: {}, capacity: 7, workloadIps: [1.2.3.4], protocol: TCP, networkMode: HostNetwork,
               waypoint: {destination: g/w.example, hboneMtlsPort: 15008}, networkGateway: {destination: net/9.9.9.9, hboneMtlsPort: 15009}}
            services:
            - name: s
              namespace: ns
              hostname: s.ns
              vips: []
              cidrVips: [{network: n, cidr: 10.0.0.0/8}, "m/fd00::/64"]
              ports: {80: 0}
              endpoints: {u: {workloadUid: u, port: {80: 81}, status: Unhealthy}}
              subjectAltNames: ["spiffe://td/ns/a/sa/b"]
              waypoint: {destination: ns/w, hboneMtlsPort: 1}
              weightedWaypoints: [{destination: ns/a, hboneMtlsPort: 2, weight: 3}, {destination: {destination: ns/b, hboneMtlsPort: 4}, weight: 5}]
              loadBalancer: {routingPreferences: [Network, Region], mode: Failover, healthPolicy: AllowAll}
              ipFamilies: Dual
              canonical: true
              visibility: Namespace
            """);

        Workload workload = Assert.Single(mesh.Workloads);
        Assert.Equal(
            "u n ns td sa net wn Pod cn cr h no True Unhealthy c 7 None HostNetwork g/w.example:15008 net/9.9.9.9:15009",
            string.Join(' ', workload.Uid, workload.Name, workload.Namespace, workload.TrustDomain, workload.ServiceAccount, workload.Network, workload.WorkloadName, workload.Type, workload.CanonicalName, workload.CanonicalRevision, workload.Hostname, workload.Node, workload.NativeTunnel, workload.Status, workload.ClusterId, workload.Capacity, workload.Protocol, workload.NetworkMode, workload.Waypoint, workload.NetworkGateway));
        Assert.Equal(new ApplicationTunnel(ApplicationTunnelProtocol.Proxy, 99), workload.ApplicationTunnel);
        Assert.Equal(new Locality("r", "z", "s"), workload.Locality);
        Assert.Equal(["a/b"], workload.AuthorizationPolicies);
        Service service = Assert.Single(mesh.Services);
        Assert.Equal(["n/10.0.0.0/8", "m/fd00::/64"], service.CidrVips.Select(range => range.ToString()));
        Assert.Equal([("ns/a:2", 3u), ("ns/b:4", 5u)], service.WeightedWaypoints.Select(waypoint => (waypoint.Destination.ToString(), waypoint.Weight)));
        Assert.Equal([RoutingScope.Network, RoutingScope.Region], service.LoadBalancing!.Preferences);
        Assert.Equal((LoadBalancingMode.Failover, HealthPolicy.AllowAll), (service.LoadBalancing.Mode, service.LoadBalancing.HealthPolicy));
        Assert.Equal((IpFamilies.Dual, true, ServiceVisibility.Namespace, 1), (service.IpFamilies, service.IsCanonical, service.Visibility, service.SubjectAltNames.Count));
    }

    [Fact]
    public void PolicyMatches_ByTagOrByKey()
    {
        LocalMesh mesh = LocalMesh.Parse("""
            policies:
            - name: p
              namespace: ns
              scope: WorkloadSelector
              action: Deny
              dryRun: true
              rules:
              - - - namespaces: [!Exact a, !Prefix b, !Suffix c, !Presence [], {Exact: d}, {Presence: []}]
                    notPrincipals: [!Presence []]
                    sourceIps: [10.0.0.0/8]
                    destinationPorts: [80, 443]
                    serviceAccounts: [{namespace: n, serviceAccount: s}]
            """);

        AuthorizationPolicy policy = Assert.Single(mesh.Policies);
        Assert.Equal((PolicyScope.WorkloadSelector, PolicyAction.Deny, true), (policy.Scope, policy.Action, policy.IsDryRun));
        PolicyMatch match = policy.Rules.Single().Clauses.Single().Matches.Single();
        Assert.Equal(
            [StringMatch.Exact("a"), StringMatch.Prefix("b"), StringMatch.Suffix("c"), StringMatch.Presence(), StringMatch.Exact("d"), StringMatch.Presence()], match.Namespaces);
        Assert.Equal([StringMatch.Presence()], match.NotPrincipals);
        Assert.Equal("10.0.0.0/8", match.SourceIps.Single().ToString());
        Assert.Equal([(ushort)80, (ushort)443], match.DestinationPorts);
        Assert.Equal(new ServiceAccountMatch("n", "s"), match.ServiceAccounts.Single());
    }

    [Theory]
    [InlineData("workload: []", "line 1, column 1: unknown key 'workload' in the file")]
    [InlineData("workloads:\n- {workloadIps: [], services: {}, namespace: a, protocl: HBONE}", "line 2, column 49: unknown key 'protocl' in a workload; known are uid, name")]
    [InlineData("workloads:\n- {workloadIps: [], services: {}}", "line 2, column 3: a workload lacks the key namespace")]
    [InlineData("workloads:\n- {workloadIps: [1.2.3], services: {}, namespace: a}", "workloadIps: '1.2.3' is not an IP address")]
    [InlineData("workloads:\n- {workloadIps: [], services: {nohost: {}}, namespace: a}", "services: 'nohost' is not of the form namespace/hostname")]
    [InlineData("workloads:\n- {workloadIps: [], services: {a/b: {80: 99999}}, namespace: a}", "services must be a port from 0 to 65535, not '99999'")]
    [InlineData("workloads:\n- {workloadIps: [], services: {}, namespace: a, protocol: http}", "protocol must be one of TCP, HBONE, not 'http'")]
    [InlineData("workloads:\n- {workloadIps: [], services: {}, namespace: a, waypoint: {hboneMtlsPort: 1}}", "waypoint lacks the key destination")]
    [InlineData("workloads:\n- {workloadIps: [], services: {}, namespace: a, uid: x}\n- {workloadIps: [], services: {}, namespace: a, uid: x}", "line 3, column 3: a second workload 'x'")]
    [InlineData("workloads: {}", "workloads must be a list")]
    [InlineData("workloads: []\nworkloads: []", "line 2, column 1: the key workloads is there twice")]
    [InlineData("just text", "a list or a map is expected, not 'just text'")]
    [InlineData("- a", "the file must be a map")]
    [InlineData("services: [{name: a, namespace: b, hostname: c, ports: {}, vips: [1.2.3.4]}]", "vips: '1.2.3.4' is not of the form network/address")]
    [InlineData("services: [{name: a, namespace: b, hostname: c, ports: {}, vips: [], cidrVips: [n/1.2.3.4/99]}]", "is not an address range")]
    [InlineData("policies: [{name: a, namespace: b, scope: All, action: Allow, rules: []}]", "scope must be one of Global, Namespace, WorkloadSelector, not 'All'")]
    [InlineData("policies: [{name: a, namespace: b, scope: Global, action: Allow, rules: [[[{principals: [x]}]]]}]", "principals: a text is matched by one of !Exact")]
    [InlineData("policies: [{name: a, namespace: b, scope: Global, action: Allow, rules: [[[{principal: []}]]]}]", "unknown key 'principal' in a match")]
    [InlineData("services: []\n---\nservices: []", "a second document")]
    [InlineData("services: &a []\npolicies: *a", "policies must be a list")]
    [InlineData("services: [&a [*a]]", "aliases are not allowed")]
    [InlineData("services: [", "line 2, column 1: While parsing")]
    [InlineData("services: [{a: 1, a: 2}]", "line 1, column 19")]
    public void BadFile_NamesLineAndReason(string yaml, string expected) =>
        Assert.Contains(expected, Assert.Throws<LocalFileException>(() => LocalMesh.Parse(yaml)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("# nothing")]
    [InlineData("workloads: []\nservices:\npolicies: null")]
    public void EmptyFile_IsFine(string yaml) => Assert.Empty(LocalMesh.Parse(yaml).Workloads);

    [Fact]
    public void DeepNesting_IsRefused() =>
        Assert.Throws<LocalFileException>(() => LocalMesh.Parse("services: " + new string('[', 100_000)));

    [Fact]
    public void LeftOutFields_HaveTheWiresDefaults()
    {
        Workload workload = LocalMesh.Parse("workloads: [{name: x, namespace: a, workloadIps: [1.1.1.1], services: {}}]").Workloads.Single();

        Assert.Equal("spiffe://cluster.local/ns/a/sa/default Kubernetes//Pod/a/x 1 Healthy", $"{workload.Identity} {workload.Uid} {workload.Capacity} {workload.Status}");
    }

    [Fact]
    public void MutatedFiles_GiveAModelOrAnError()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        const string odd = "{}[]:,-!&*#|>'\"%@`\n\t \0é~0";
        for (int i = 0; i < 3000; i++)
        {
            char[] text = Sample.ToCharArray();
            for (int n = random.Next(1, 8); n > 0; n--)
            {
                text[random.Next(text.Length)] = odd[random.Next(odd.Length)];
            }

            try
            {
                LocalMesh.Parse(new string(text, 0, random.Next(5) == 0 ? random.Next(text.Length) : text.Length));
            }
            catch (LocalFileException)
            {
                // One of the two ways to end.
            }
            catch (Exception other)
            {
                Assert.Fail($"seed {seed}: {other}");
            }
        }
    }
}
