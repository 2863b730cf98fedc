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
        _cluster = new RoutedCluster(_store.Find);
        _store.Changed += _cluster.Waypoints.CheckKeys;
        Gateway("apps/w");
        Gateway("shop/w");
        Authentication("apps/fetched", "'jwksUri':'https://keys.example/jwks'");
        Authentication("shop/inline", "'jwks':'{}'");
        _cluster.Take();
    }

    [Fact]
    public async Task BeforeThereAreKeys_EveryTokenIsRefused_AndItIsSaid()
    {
        Assert.Equal("", Keys("apps", "fetched"));
        _fetcher.Keys = null;
        await StepAsync(TimeSpan.Zero);
        Assert.Equal("", _cluster.Take());
        Assert.Equal("", Keys("apps", "fetched"));
        Assert.Contains("could not be had from https://keys.example/jwks", Assert.Single(_cluster.Said), StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeysThatArrive_MakeAnewWhatWasMadeWithout_AndNothingElse()
    {
        long before = _cluster.Waypoints.Computed;
        await StepAsync(TimeSpan.Zero);
        Assert.Equal("+TokenPolicy apps/w/apps/fetched", _cluster.Take());
        Assert.Equal((1, "first", "{}"), ((int)(_cluster.Waypoints.Computed - before), Keys("apps", "fetched"), Keys("shop", "inline")));
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
        for (int day = 0; day < 10; day++)
        {
            _cluster.Waypoints.CheckKeys();
            await StepAsync(TimeSpan.FromDays(1));
        }

        Assert.Equal(("", "first", 1), (_cluster.Take(), Keys("apps", "fetched"), _store.Count));
        _cluster.Set("RequestAuthentication", "apps/fetched", null);
        Assert.Equal("-TokenPolicy apps/w/apps/fetched", _cluster.Take());
        _cluster.Waypoints.CheckKeys();
        await StepAsync(TimeSpan.FromDays(8));
        Assert.Equal(0, _store.Count);
    }

    private Task StepAsync(TimeSpan time)
    {
        _clock.Advance(time);
        return _store.FetchDueAsync(CancellationToken.None);
    }

    private string Keys(string @namespace, string name) => Assert.Single(((TokenPolicy)_cluster.Resources[$"TokenPolicy {@namespace}/w/{@namespace}/{name}"]).Rules).Keys;

    private void Gateway(string name, string className = "istio-waypoint") =>
        _cluster.Set("Gateway", name, "},'spec':{'gatewayClassName':'" + className + "','listeners':[{'name':'mesh','port':15008,'protocol':'HBONE'}]},'status':{'addresses':[{'type':'IPAddress','value':'10.9.9.9'}]}");

    private void Authentication(string name, string keys) =>
        _cluster.Set("RequestAuthentication", name, "},'spec':{'targetRefs':[{'group':'gateway.networking.k8s.io','kind':'Gateway','name':'w'}],'jwtRules':[{'issuer':'me'," + keys + "}]}");
}
