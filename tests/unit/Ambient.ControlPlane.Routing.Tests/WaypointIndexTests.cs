using Ambient.Mesh.Identities;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests;

/// <summary>What waypoints are served, and what a change costs.</summary>
public sealed class WaypointIndexTests
{
    private readonly RoutedCluster _cluster = new();

    [Fact]
    public void AWaypoint_IsTold_OfTheServicesThatAreBoundToIt()
    {
        Gateway("apps/w");
        Service("apps/cart", "w");
        Service("apps/other", "none");
        Assert.Equal("+ServiceRoutes apps/w/apps/cart.apps.svc.cluster.local, +WaypointSettings apps/w/settings", _cluster.Take());
        Rule("apps/cart", "cart");
        Assert.Equal("+DestinationSettings apps/w/apps/cart.apps.svc.cluster.local", _cluster.Take());
        Route("apps/to-other", "cart", "other");
        Assert.Equal("+ServiceRoutes apps/w/apps/cart.apps.svc.cluster.local", _cluster.Take());
        Rule("apps/other", "other");
        Assert.Equal("+DestinationSettings apps/w/apps/other.apps.svc.cluster.local", _cluster.Take());
        Service("apps/cart", "none");
        Assert.Equal("-DestinationSettings apps/w/apps/cart.apps.svc.cluster.local, -DestinationSettings apps/w/apps/other.apps.svc.cluster.local, -ServiceRoutes apps/w/apps/cart.apps.svc.cluster.local", _cluster.Take());
        _cluster.Set("Gateway", "apps/w", null);
        Assert.Equal("-WaypointSettings apps/w/settings", _cluster.Take());
    }

    /// <summary>However workloads name a waypoint, it is told of the same services.</summary>
    [Theory]
    [Trait("behaviour", "CP-114")]
    [InlineData("{'type':'Hostname','value':'w.apps.svc.cluster.local'}")]
    [InlineData("{'type':'IPAddress','value':'10.0.0.9'}")]
    [InlineData("{'type':'Hostname','value':'w.apps.svc.cluster.local'},{'type':'IPAddress','value':'10.0.0.9'}")]
    public void AWaypoint_IsToldOfItsServices_WhateverItsAddress(string addresses)
    {
        _cluster.Set("Gateway", "apps/w", "},'spec':{'gatewayClassName':'istio-waypoint','listeners':[{'name':'mesh','port':15008,'protocol':'HBONE'}]},'status':{'addresses':[" + addresses + "]}");
        Service("apps/cart", "w");
        Service("apps/till", "w");
        Service("apps/other", "none");
        Assert.Equal("+ServiceRoutes apps/w/apps/cart.apps.svc.cluster.local, +ServiceRoutes apps/w/apps/till.apps.svc.cluster.local, +WaypointSettings apps/w/settings", _cluster.Take());
    }

    [Fact]
    [Trait("behaviour", "CP-172")]
    public void AWaypoint_HearsOfWhatIsBoundToIt_AndNothingOfTheRest()
    {
        Gateway("apps/w");
        Service("apps/cart", "w");
        _cluster.Take();
        _cluster.Set("ServiceEntry", "far/other", "},'spec':{'hosts':['other.example.com'],'resolution':'DNS','ports':[{'number':80,'name':'http','protocol':'HTTP'}]}");
        Pod("far/p", "nothing", "v1");
        Assert.Equal("", _cluster.Take());
        _cluster.Set("ServiceEntry", "apps/ext", ",'labels':{'istio.io/use-waypoint':'w'}},'spec':{'hosts':['ext.example.com'],'resolution':'DNS','ports':[{'number':80,'name':'http','protocol':'HTTP'}]}");
        string[] told = _cluster.Take().Split(", ");
        Assert.Contains("+ServiceRoutes apps/w/apps/ext.example.com", told);
        Assert.All(told, static one => Assert.EndsWith(" apps/w/apps/ext.example.com", one, StringComparison.Ordinal));
    }

    [Fact]
    public void AChange_CostsWhatDependsOnIt()
    {
        Gateway("apps/w");
        for (int i = 0; i < 300; i++)
        {
            Service($"apps/s{i}", "w");
            Route($"apps/s{i}", $"s{i}", $"s{(i + 1) % 300}");
        }

        _cluster.Take();
        Assert.InRange(Work(() => Route("apps/s7", "s7", "s9")), 1, 4);
        Assert.InRange(Work(() => Service("apps/s7", "w", port: 81)), 1, 6);
        Assert.InRange(Work(() => Pod("apps/p", "s7", "v1")), 1, 2);
        Assert.Equal(0, Work(() => Pod("apps/p", "s7", "v1")));
        Assert.InRange(Work(() => Rule("apps/r", "s7")), 1, 2);
        Assert.InRange(Work(() => Policy("apps/deny", "s7")), 1, 1);
    }

    [Fact]
    public void ABackendThatComesLater_IsFound()
    {
        Gateway("apps/w");
        Service("apps/cart", "w");
        _cluster.Set("HTTPRoute", "apps/r", "},'spec':{'parentRefs':[{'group':'','kind':'Service','name':'cart'}],'rules':[{'backendRefs':[{'name':'late','port':80}]}]}");
        _cluster.Take();
        Assert.Equal(500u, Target("cart").FailStatus);
        Assert.Contains(_cluster.Waypoints.Problems, problem => problem.Message.Contains("there is no Service late", StringComparison.Ordinal));
        Assert.Contains("there is no Service late", Assert.Single(_cluster.Said), StringComparison.Ordinal);
        Service("apps/late", "none");
        _cluster.Take();
        Assert.Equal("late.apps.svc.cluster.local", Target("cart").Destination.Hostname);
        Assert.Empty(_cluster.Waypoints.Problems);
    }

    [Fact]
    public void Subsets_FollowThePods()
    {
        Gateway("apps/w");
        Service("apps/cart", "w");
        Rule("apps/cart", "cart");
        Pod("apps/a", "cart", "v1");
        Pod("apps/b", "cart", "v2");
        _cluster.Take();
        Assert.Equal(["Kubernetes//Pod/apps/a"], Subset("cart"));
        Pod("apps/b", "cart", "v1");
        Assert.Equal("+DestinationSettings apps/w/apps/cart.apps.svc.cluster.local", _cluster.Take());
        Assert.Equal(["Kubernetes//Pod/apps/a", "Kubernetes//Pod/apps/b"], Subset("cart"));
        _cluster.Set("Pod", "apps/a", null);
        _cluster.Take();
        Assert.Equal(["Kubernetes//Pod/apps/b"], Subset("cart"));
    }

    [Fact]
    public void AWaypointsAccount_HasItsConfiguration_AndNobodyElseDoes()
    {
        Gateway("apps/w");
        _cluster.Set("Gateway", "apps/named", ",'annotations':{'gateway.istio.io/service-account':'sa'}},'spec':{'gatewayClassName':'istio-waypoint'}");
        Assert.Equal("apps/w", Owner("apps", "w", "w"));
        Assert.Equal("apps/unknown-yet", Owner("apps", "unknown-yet", "unknown-yet"));
        Assert.Equal("apps/named", Owner("apps", "sa", "named"));
        Assert.Null(Owner("apps", "named", "named"));
        Assert.Null(Owner("apps", "cart", "w"));
        Assert.Null(Owner("other", "w", "w"));
        Assert.Null(Owner("apps", "w", ""));
    }

    [Fact]
    public void WhatIsKept_IsWhatWouldBeMadeAnew()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        for (int step = 0; step < 400; step++)
        {
            Change(random);
            if (random.Next(3) > 0)
            {
                continue;
            }

            _cluster.Take();
            RoutedCluster anew = _cluster.Anew();
            Assert.True(anew.Resources.OrderBy(pair => pair.Key, StringComparer.Ordinal).SequenceEqual(_cluster.Resources), $"seed {seed}, step {step}:\n{Difference(anew)}");
            Assert.True(anew.Waypoints.Problems.ToHashSet().SetEquals(_cluster.Waypoints.Problems), $"seed {seed}, step {step}: problems differ");
        }
    }

    private string Difference(RoutedCluster anew) => string.Join('\n', anew.Resources.Keys.Union(_cluster.Resources.Keys)
        .Where(name => !Equals(anew.Resources.GetValueOrDefault(name), _cluster.Resources.GetValueOrDefault(name)))
        .Select(name => $"{name}: anew {anew.Resources.GetValueOrDefault(name)}, kept {_cluster.Resources.GetValueOrDefault(name)}"));

    private void Change(Random random)
    {
        string ns = random.Next(2) == 0 ? "apps" : "shop", other = random.Next(2) == 0 ? "apps" : "shop";
        string name = "s" + random.Next(4), to = "s" + random.Next(4);
        bool isGone = random.Next(4) == 0;
        switch (random.Next(9))
        {
            case 0 when isGone:
                _cluster.Set("Gateway", $"{ns}/w", null);
                break;
            case 0:
                Gateway($"{ns}/w", random.Next(3) == 0 ? "other-class" : "istio-waypoint");
                break;
            case 1 or 2 when isGone:
                _cluster.Set("Service", $"{ns}/{name}", null);
                break;
            case 1 or 2:
                Service($"{ns}/{name}", random.Next(4) == 0 ? "none" : "w", random.Next(3) == 0 ? 81 : 80, random.Next(3) == 0 ? other : ns);
                break;
            case 3:
                string host = random.Next(4) switch { 0 => "*.apps.svc.cluster.local", 1 => $"{name}.{other}.svc.cluster.local", _ => name };
                _cluster.Set("VirtualService", $"{ns}/v{random.Next(3)}", isGone ? null : "},'spec':{'hosts':['" + host + "'],'http':[{'route':[{'destination':{'host':'" + to + "." + other + ".svc.cluster.local'}}]}]}");
                break;
            case 4:
                _cluster.Set("HTTPRoute", $"{ns}/h{random.Next(3)}", isGone ? null : "},'spec':{'parentRefs':[{'group':'','kind':'Service','name':'" + name + "','namespace':'" + other + "'}],'rules':[{'backendRefs':[{'name':'" + to + "','port':80}]}]}");
                break;
            case 5:
                string rule = random.Next(3) == 0 ? "*" : name;
                _cluster.Set("DestinationRule", $"{ns}/d{random.Next(3)}", isGone ? null : "},'spec':{'host':'" + rule + "','subsets':[{'name':'v1','labels':{'version':'v1'}}]}");
                break;
            case 6:
                if (isGone)
                {
                    _cluster.Set("Pod", $"{ns}/p{random.Next(3)}", null);
                }
                else
                {
                    Pod($"{ns}/p{random.Next(3)}", name, "v" + random.Next(3));
                }

                break;
            case 7:
                string target = random.Next(3) == 0 ? "{'group':'gateway.networking.k8s.io','kind':'Gateway','name':'w'}" : "{'group':'','kind':'Service','name':'" + name + "'}";
                _cluster.Set("AuthorizationPolicy", $"{ns}/a{random.Next(3)}", isGone ? null : "},'spec':{'targetRefs':[" + target + "],'action':'DENY','rules':[{'to':[{'operation':{'methods':['PUT']}}]}]}");
                break;
            default:
                string scope = random.Next(3) == 0 ? "{'group':'gateway.networking.k8s.io','kind':'GatewayClass','name':'other-class'}" : "{'kind':'Service','group':'','name':'" + name + "'}";
                string home = random.Next(3) == 0 ? "istio-system" : ns;
                _cluster.Set("RequestAuthentication", $"{home}/j{random.Next(3)}", isGone ? null : "},'spec':{'targetRefs':[" + scope + "],'jwtRules':[{'issuer':'me','jwks':'{}'}]}");
                break;
        }
    }

    private string? Owner(string @namespace, string account, string gateway) => _cluster.Waypoints.OwnerOf([new SpiffeId("cluster.local", @namespace, account)], "apps", gateway);

    private int Work(Action change)
    {
        long before = _cluster.Waypoints.Computed;
        change();
        _cluster.Take();
        return (int)(_cluster.Waypoints.Computed - before);
    }

    private WeightedTarget Target(string service) => ((ServiceRoutes)_cluster.Resources[$"ServiceRoutes apps/w/apps/{service}.apps.svc.cluster.local"]).Ports[0].HttpActions[0].Targets[0];

    private IEnumerable<string> Subset(string service) => ((DestinationSettings)_cluster.Resources[$"DestinationSettings apps/w/apps/{service}.apps.svc.cluster.local"]).Subsets[0].Members;

    private void Gateway(string name, string className = "istio-waypoint") => _cluster.Set(
        "Gateway", name, "},'spec':{'gatewayClassName':'" + className + "','listeners':[{'name':'mesh','port':15008,'protocol':'HBONE','allowedRoutes':{'namespaces':{'from':'All'}}}]},'status':{'addresses':[{'type':'IPAddress','value':'10.9.9.9'}]}");

    private void Service(string name, string waypoint, int port = 80, string? waypointNamespace = null)
    {
        string home = waypointNamespace is null ? "" : ",'istio.io/use-waypoint-namespace':'" + waypointNamespace + "'";
        _cluster.Set("Service", name, ",'labels':{'istio.io/use-waypoint':'" + waypoint + "'" + home + "}},'spec':{'selector':{'app':'" + name.Split('/')[1] + "'},'clusterIP':'10.1.0.1','ports':[{'name':'http','port':" + port + "}]}");
    }

    private void Rule(string name, string host) => _cluster.Set("DestinationRule", name, "},'spec':{'host':'" + host + "','subsets':[{'name':'v1','labels':{'version':'v1'}}]}");

    private void Route(string name, string host, string to) => _cluster.Set("VirtualService", name, "},'spec':{'hosts':['" + host + "'],'http':[{'route':[{'destination':{'host':'" + to + "'}}]}]}");

    private void Policy(string name, string service) => _cluster.Set("AuthorizationPolicy", name, "},'spec':{'targetRefs':[{'kind':'Service','group':'','name':'" + service + "'}],'action':'DENY','rules':[{}]}");

    private void Pod(string name, string app, string version) => _cluster.Set(
        "Pod", name, ",'labels':{'app':'" + app + "','version':'" + version + "'}},'spec':{'nodeName':'n1'},'status':{'phase':'Running','podIP':'10.2.0.1','podIPs':[{'ip':'10.2.0.1'}],'conditions':[{'type':'Ready','status':'True'}]}");
}
