using Ambient.ControlPlane.Routing.Keys;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests.Keys;

/// <summary>Key sets that are fetched, on their way into the configuration of waypoints.</summary>
public sealed class WaypointKeysTests
{
    private readonly StepClock _clock = new();
    private readonly ScriptedFetcher _fetcher = new();
    private readonly KeySetStore _store;
    private readonly RoutedCluster _cluster;

    public WaypointKeysTests()
    {
        _store = new KeySetStore(_fetcher, new KeySetStoreOptions(), _clock);
        _cluster = new RoutedCluster(_store.Answer);
        _store.Changed += _cluster.Waypoints.CheckKeys;
        Gateway("apps/w");
        Gateway("shop/w");
        Authentication("apps/fetched", "'jwksUri':'https://keys.example/jwks'");
        Authentication("shop/inline", "'jwks':'{\\u0022keys\\u0022:[{\\u0022kty\\u0022:\\u0022oct\\u0022,\\u0022k\\u0022:\\u0022c2VjcmV0\\u0022}]}'");
        _cluster.Take();
    }

    [Fact]
    public async Task BeforeThereAreKeys_EveryTokenIsRefused_AndItIsSaid()
    {
        Assert.Equal("", Keys("apps", "fetched"));

        // Nothing is wrong yet: nobody has asked the issuer.
        Assert.Empty(_cluster.Said);
        _fetcher.Keys = null;
        await StepAsync(TimeSpan.Zero);
        Assert.Equal("", _cluster.Take());
        Assert.Equal("", Keys("apps", "fetched"));
        Assert.Contains("could not be had from https://keys.example/jwks (down)", Assert.Single(_cluster.Said), StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeysThatArrive_MakeAnewWhatWasMadeWithout_AndNothingElse()
    {
        long before = _cluster.Waypoints.Computed;
        await StepAsync(TimeSpan.Zero);
        Assert.Equal("+TokenPolicy apps/w/apps/fetched", _cluster.Take());
        Assert.Equal((1, "first", """{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"""), ((int)(_cluster.Waypoints.Computed - before), Keys("apps", "fetched"), Keys("shop", "inline")));
        Assert.Empty(_cluster.Waypoints.Problems);

        _cluster.Waypoints.CheckKeys();
        _cluster.Take();
        Assert.Equal(1, _cluster.Waypoints.Computed - before);

        _fetcher.Keys = "second";
        await StepAsync(TimeSpan.FromMinutes(20));
        Assert.Equal("+TokenPolicy apps/w/apps/fetched", _cluster.Take());
        Assert.Equal("second", Keys("apps", "fetched"));
    }

    [Fact]
    public async Task WhenKeysCannotBeFetchedAgain_TheLastGoodOnesStay()
    {
        await StepAsync(TimeSpan.Zero);
        _cluster.Take();
        _fetcher.Keys = null;
        await StepAsync(TimeSpan.FromMinutes(20));
        Assert.Equal("", _cluster.Take());
        Gateway("apps/w", "other-class");
        _cluster.Take();
        Assert.Equal("first", Keys("apps", "fetched"));
    }

    [Fact]
    public async Task AfterARestart_TheKeysOfTheEarlierLifeAreInForce_UntilTheyAreFetched_OrTooOld()
    {
        await StepAsync(TimeSpan.Zero);
        RememberedKeySet[] held = [.. _store.Held];
        _clock.Advance(TimeSpan.FromHours(20));
        var next = new KeySetStore(_fetcher, new KeySetStoreOptions(), _clock);
        Assert.Equal((1, 1), (next.Remember(held), held.Length));
        var cluster = new RoutedCluster(next.Answer);
        next.Changed += cluster.Waypoints.CheckKeys;
        cluster.Set("Gateway", "apps/w", GatewayOf("istio-waypoint"));
        cluster.Set("RequestAuthentication", "apps/fetched", "},'spec':{'targetRefs':[{'group':'gateway.networking.k8s.io','kind':'Gateway','name':'w'}],'jwtRules':[{'issuer':'me','jwksUri':'https://keys.example/jwks'}]}");
        cluster.Take();
        Assert.Equal("first", Assert.Single(((TokenPolicy)cluster.Resources["TokenPolicy apps/w/apps/fetched"]).Rules).Keys);
        Assert.True(next.IsSettled);
        _fetcher.Keys = "second";
        await next.FetchDueAsync(CancellationToken.None);
        Assert.Equal("+TokenPolicy apps/w/apps/fetched", cluster.Take());

        _clock.Advance(TimeSpan.FromHours(5));
        Assert.Equal(0, new KeySetStore(_fetcher, new KeySetStoreOptions(), _clock).Remember(held));
        Assert.Equal(0, new KeySetStore(_fetcher, new KeySetStoreOptions(), _clock).Remember([held[0] with { Fetched = _clock.GetUtcNow().AddHours(1) }]));
    }

    [Fact]
    public async Task KeysOfOneSource_ReachEveryWaypointThatUsesThem()
    {
        Authentication("shop/fetched", "'jwksUri':'https://keys.example/jwks'");
        _cluster.Take();
        await StepAsync(TimeSpan.Zero);
        Assert.Equal("+TokenPolicy apps/w/apps/fetched, +TokenPolicy shop/w/shop/fetched", _cluster.Take());
        Assert.Equal(1, _fetcher.Calls);
    }

    [Fact]
    public async Task KeysInUse_AreKeptForEver_AndThoseOfNobodyAreNot()
    {
        await StepAsync(TimeSpan.Zero);
        _cluster.Take();
        for (int hour = 0; hour < 10; hour++)
        {
            _cluster.Waypoints.CheckKeys();
            await StepAsync(TimeSpan.FromHours(1));
        }

        Assert.Equal(("", "first", 1), (_cluster.Take(), Keys("apps", "fetched"), _store.Count));
        _cluster.Set("RequestAuthentication", "apps/fetched", null);
        Assert.Equal("-TokenPolicy apps/w/apps/fetched", _cluster.Take());
        _cluster.Waypoints.CheckKeys();
        await StepAsync(TimeSpan.FromMinutes(61));
        Assert.Equal(0, _store.Count);
    }

    [Fact]
    public async Task IssuersBeyondTheShareOfANamespace_AreSaid_AndFetchedWhenThereIsRoom()
    {
        string all = string.Join(',', Enumerable.Range(0, 99).Select(static i => $"{{'issuer':'i{i}','jwksUri':'https://keys.example/{i}'}}"));
        void Rules(string name, string rules) => _cluster.Set("RequestAuthentication", name, "},'spec':{'targetRefs':[{'group':'gateway.networking.k8s.io','kind':'Gateway','name':'w'}],'jwtRules':[" + rules + "]}");
        Rules("apps/many", all);
        _cluster.Take();
        Assert.Equal((100, 0), (_store.Count, _cluster.Said.Count));
        Rules("apps/late", "{'issuer':'late','jwksUri':'https://keys.example/late'}");
        _cluster.Take();
        Assert.Contains("namespace apps names more than 100 issuers, and no further ones are fetched", Assert.Single(_cluster.Said), StringComparison.Ordinal);

        // Others are not in its way.
        Rules("shop/fetched", "{'issuer':'other','jwksUri':'https://keys.example/other'}");
        _cluster.Take();
        Assert.Equal((101, 1), (_store.Count, _cluster.Said.Count));

        // What has taken the places goes: who lost gets its turn without a change of its own.
        _cluster.Set("RequestAuthentication", "apps/many", null);
        _cluster.Take();
        await StepAsync(TimeSpan.FromMinutes(50));
        _cluster.Waypoints.CheckKeys();
        await StepAsync(TimeSpan.FromMinutes(11));
        _cluster.Waypoints.CheckKeys();
        _cluster.Take();
        await StepAsync(TimeSpan.Zero);
        _cluster.Take();
        Assert.Equal(("first", 3), (Keys("apps", "late"), _store.Count));
        Assert.Empty(_cluster.Waypoints.Problems);
    }

    [Fact]
    public async Task KeysOfAnEarlierLife_EndAtTheirAge_AlsoWhenTheIssuerStaysSilent()
    {
        await StepAsync(TimeSpan.Zero);
        RememberedKeySet[] held = [.. _store.Held];
        _fetcher.Keys = null;
        _clock.Advance(TimeSpan.FromHours(23));
        var next = new KeySetStore(_fetcher, new KeySetStoreOptions(), _clock);
        next.Remember(held);
        var cluster = new RoutedCluster(next.Answer);
        next.Changed += cluster.Waypoints.CheckKeys;
        cluster.Set("Gateway", "apps/w", GatewayOf("istio-waypoint"));
        cluster.Set("RequestAuthentication", "apps/fetched", "},'spec':{'targetRefs':[{'group':'gateway.networking.k8s.io','kind':'Gateway','name':'w'}],'jwtRules':[{'issuer':'me','jwksUri':'https://keys.example/jwks'}]}");
        cluster.Take();
        await next.FetchDueAsync(CancellationToken.None);
        cluster.Take();
        Assert.Equal("first", Assert.Single(((TokenPolicy)cluster.Resources["TokenPolicy apps/w/apps/fetched"]).Rules).Keys);
        _clock.Advance(TimeSpan.FromMinutes(30));
        cluster.Waypoints.CheckKeys();
        _clock.Advance(TimeSpan.FromMinutes(31));
        await next.FetchDueAsync(CancellationToken.None);
        Assert.Equal("+TokenPolicy apps/w/apps/fetched", cluster.Take());
        Assert.Equal("", Assert.Single(((TokenPolicy)cluster.Resources["TokenPolicy apps/w/apps/fetched"]).Rules).Keys);
    }

    private Task StepAsync(TimeSpan time)
    {
        _clock.Advance(time);
        return _store.FetchDueAsync(CancellationToken.None);
    }

    private string Keys(string @namespace, string name) => Assert.Single(((TokenPolicy)_cluster.Resources[$"TokenPolicy {@namespace}/w/{@namespace}/{name}"]).Rules).Keys;

    private void Gateway(string name, string className = "istio-waypoint") =>
        _cluster.Set("Gateway", name, GatewayOf(className));

    private static string GatewayOf(string className) =>
        "},'spec':{'gatewayClassName':'" + className + "','listeners':[{'name':'mesh','port':15008,'protocol':'HBONE'}]},'status':{'addresses':[{'type':'IPAddress','value':'10.9.9.9'}]}";

    private void Authentication(string name, string keys) =>
        _cluster.Set("RequestAuthentication", name, "},'spec':{'targetRefs':[{'group':'gateway.networking.k8s.io','kind':'Gateway','name':'w'}],'jwtRules':[{'issuer':'me'," + keys + "}]}");
}
