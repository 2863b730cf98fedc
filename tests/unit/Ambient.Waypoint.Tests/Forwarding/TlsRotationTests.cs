using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Protocol.L7;
using Ambient.Routing.Authorizers;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Authorization;
using Ambient.Waypoint.Configuration;

namespace Ambient.Waypoint.Tests.Forwarding;

/// <summary>Requests go on with the TLS settings of the configuration that they began with.</summary>
public sealed class TlsRotationTests : IDisposable
{
    private static readonly NamespacedHostname Cart = new("bench", "cart.bench.svc.cluster.local");

    private readonly LocalWaypoint _waypoint = new();
    private readonly ConfigurationStore _store;

    public TlsRotationTests() =>
        _store = new ConfigurationStore("cluster.local", configuration => _waypoint.Shared.Configuration = configuration, static _ => { }, tls: _waypoint.Shared.EndpointTls);

    public void Dispose() => _waypoint.Dispose();

    [Fact]
    public void RequestThatWaits_IsSent_WhenThereAreOtherSettingsMeanwhile()
    {
        Apply(new UpstreamTls { Sni = "old", SkipVerify = true });
        HeldPipe endpoint = _waypoint.Expect();
        HeldPipe client = _waypoint.Connect();
        client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        Assert.Equal(0, _waypoint.Dialer.Dialled);
        Apply(new UpstreamTls { Sni = "new", SkipVerify = true });
        _waypoint.RunUntil(() => _waypoint.Dialer.Dialled > 0 || client.Sent.Length > 0);
        Assert.Equal("", client.Sent);
        Assert.Equal("\u0016\u0003", endpoint.Sent[..2]);
        Assert.Contains("old", endpoint.Sent, StringComparison.Ordinal);
    }

    [Fact]
    public void AuthorizerThatFailsOpen_IsAsked_WhenThereAreOtherSettingsMeanwhile()
    {
        Apply(new UpstreamTls { Sni = "old", SkipVerify = true });
        WaypointConfiguration before = _waypoint.Shared.Configuration;
        Apply(new UpstreamTls { Sni = "new", SkipVerify = true });
        HeldPipe endpoint = _waypoint.Expect();
        ExternalAuthorizer authorizer = new AuthorizerSet([new Authorizer { Name = "a", FailOpen = true, Service = To() }]).Find("a")!;
        Verdicts verdicts = new();
        RequestHead head = new() { Method = "GET", Authority = "cart", Scheme = "http" };
        head.SetTarget("/");
        AuthorizerCall call = new(_waypoint.Loop, before, authorizer, verdicts);
        call.Begin(new RequestFacts { Head = head }, IpPort.Parse("10.0.0.9:1000"), default, isPartial: false);
        Assert.Empty(verdicts.Heard);
        Assert.Equal(1, _waypoint.Dialer.Dialled);
        Assert.Contains("old", endpoint.Sent, StringComparison.Ordinal);
        call.Cancel();
    }

    [Fact]
    public void SettingsThatCannotBeUsed_AreNotExplainedToClients()
    {
        Apply(new UpstreamTls { Broken = "the Secret payments/vault-client is being read" });
        HeldPipe client = _waypoint.Connect();
        client.Receive("GET / HTTP/1.1\r\nHost: cart\r\n\r\n");
        _waypoint.RunUntil(() => client.Sent.Length > 0);
        Assert.StartsWith("HTTP/1.1 503 ", client.Sent, StringComparison.Ordinal);
        Assert.EndsWith("transport failure reason: TLS_error: settings cannot be used", client.Sent, StringComparison.Ordinal);
        Assert.DoesNotContain("vault", client.Sent, StringComparison.Ordinal);
        Assert.Equal(0, _waypoint.Dialer.Dialled);
    }

    private static Destination To() => new() { Namespace = Cart.Namespace, Hostname = Cart.Hostname, Port = 80 };

    // Each request waits a moment before it is sent.
    private void Apply(UpstreamTls tls)
    {
        HttpAction action = new() { Targets = { new WeightedTarget { Weight = 1, Destination = To() } }, Fault = new Fault { DelayMs = 20, DelayShare = 1_000_000 } };
        PortRoutes port = new() { Port = 80, Protocol = PortProtocol.Http, Http = { new HttpRoute { Name = "only", Match = new HttpMatch() } }, HttpActions = { action } };
        _store.Apply(new ConfigurationChange
        {
            Routes = Part("r", new ServiceRoutes { Namespace = Cart.Namespace, Hostname = Cart.Hostname, Ports = { port } }),
            Destinations = Part("d", new DestinationSettings { Namespace = Cart.Namespace, Hostname = Cart.Hostname, Policies = { new ScopedPolicy { Policy = new TrafficPolicy { Tls = tls } } } }),
        });
        Assert.NotNull(_waypoint.Loop.Configuration.Find(Cart, 80));
    }

    private static ConfigurationPart<T> Part<T>(string name, T resource) => new(new Dictionary<string, T> { [name] = resource }, []);

    private sealed class Verdicts : IAuthorizerCaller
    {
        public List<AuthorizerVerdict> Heard { get; } = [];

        public void OnVerdict(AuthorizerVerdict verdict) => Heard.Add(verdict);
    }
}
