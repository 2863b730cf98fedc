using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;
using Ambient.Identity.Renewal;
using Ambient.Identity.Trust;
using Ambient.Linux.Descriptors;
using Ambient.Linux.Namespaces;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Testing.Clocks;
using Ambient.Ztunnel.Certificates;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Tests.Pods;

namespace Ambient.Ztunnel.Tests.Certificates;

/// <summary>Certificates of pods that the node agent names, before discovery knows of them or without it ever knowing.</summary>
public sealed class NodeIdentitiesTests : IAsyncLifetime
{
    private readonly ManualTime _clock = new();
    private readonly Issuer _issuer;
    private readonly MeshState _state = new("n1");
    private readonly CertificateSource _source;
    private readonly FakeProxies _proxies = new();
    private readonly LogHub _log = LogHub.Discarding();
    private readonly PodTable _table;

    public NodeIdentitiesTests()
    {
        _issuer = new Issuer(_clock);
        _source = CertificateSource.Of(_issuer, new CertificateStoreOptions { BackoffJitter = 0 }, _state, _clock);
        _table = new PodTable(_proxies, new PodMetrics(new MetricRegistry()), _log.For("test"), _source.Pods);
        _table.BeginConversation();
        _table.Apply(new ZdsMessage.SnapshotSent(), null);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _table.StopAllNow();
        await _source.DisposeAsync();
        _log.Dispose();
    }

    [Fact]
    public void NamedPod_HasItsCertificate_WithoutDiscovery_AndLosesItWithTheLastOfItsAccount()
    {
        Add("1", "a");
        Add("2", "a");

        Assert.Equal(["spiffe://cluster.local/ns/ns/sa/a"], _issuer.Asked);
        Assert.True(_source.Store.TryGet(Id("a"), out _));
        Delete("1");
        Assert.Equal(1, _source.Store.Count);
        Delete("2");
        Assert.Equal(0, _source.Store.Count);
    }

    [Fact]
    public void TheCertificateIsAskedFor_BeforeTheListenersAreOpened()
    {
        _issuer.OnAsk = () => Assert.Empty(_proxies.Started);
        Add("1", "a");
        Assert.Single(_issuer.Asked);
    }

    [Fact]
    public void RefusedBecauseTheAuthorityKnowsNothingYet_ItIsTriedAgainSoon_AndAtOnceWhenDiscoveryTellsIt()
    {
        _issuer.Refusal = "request authenticate failure";
        Add("1", "a");
        Add("2", "b");
        Assert.Equal(2, _issuer.Asked.Count);
        _issuer.Refusal = null;
        _clock.Advance(TimeSpan.FromMilliseconds(25));
        Assert.True(_source.Store.TryGet(Id("a"), out _));

        _issuer.Refusal = "request authenticate failure";
        Add("3", "c");
        _clock.Advance(TimeSpan.FromMinutes(3));
        Assert.False(_source.Store.TryGet(Id("c"), out _));
        _issuer.Refusal = null;
        Apply(Workload("3", "c"));
        Assert.True(_source.Store.TryGet(Id("c"), out _));
    }

    [Fact]
    public void PodThatWaitsForItsPorts_IsExpectedUntilItIsDeleted()
    {
        _proxies.Obstacles["1"] = "bind(15008): EADDRINUSE";
        Add("1", "a");
        Assert.Equal(1, _source.Store.Count);
        Delete("1");
        Assert.Equal(0, _source.Store.Count);
    }

    [Fact]
    public void CertificateStays_WhileDiscoveryOrTheAgentKnowsSomebodyOfTheAccount()
    {
        Add("1", "a");
        Apply(Workload("1", "a"));
        Add("2", "a");
        Remove("1");

        // Its successor on the same node: discovery does not know it yet.
        Assert.True(_source.Store.TryGet(Id("a"), out _));
        Delete("1");
        Apply(Workload("2", "a"));
        Delete("2");
        Assert.True(_source.Store.TryGet(Id("a"), out _));
        Remove("2");
        Assert.Equal(0, _source.Store.Count);
        Assert.Single(_issuer.Asked);
    }

    [Fact]
    public void TrustDomain_IsThatOfTheClustersWorkloads()
    {
        Apply(Workload("0", "z", node: "n2", domain: "mesh.example", cluster: "other"), Workload("9", "y", node: "n2", domain: "td", cluster: "Kubernetes"));
        Add("1", "a");
        Assert.Equal(["spiffe://td/ns/ns/sa/a"], _issuer.Asked);
    }

    [Fact]
    public void TrustDomainThatWasTakenToBeAnother_IsCorrectedByDiscovery()
    {
        Add("1", "a");
        Apply(Workload("1", "a", domain: "td"));
        Assert.Equal(["spiffe://cluster.local/ns/ns/sa/a", "spiffe://td/ns/ns/sa/a"], _issuer.Asked);
        Assert.Equal(["spiffe://td/ns/ns/sa/a"], _source.Store.Snapshot().Select(one => one.Identity.ToString()));

        Add("2", "b");
        Assert.Equal("spiffe://td/ns/ns/sa/b", _issuer.Asked[^1]);
        Delete("1");
        Remove("1");
        Assert.Equal(["spiffe://td/ns/ns/sa/b"], _source.Store.Snapshot().Select(one => one.Identity.ToString()));
    }

    private static SpiffeId Id(string account) => new("cluster.local", "ns", account);

    private static Workload Workload(string uid, string account, string node = "n1", string domain = "cluster.local", string cluster = "Kubernetes") => new(new WorkloadSpec
    {
        Uid = uid,
        Name = uid,
        Namespace = "ns",
        TrustDomain = domain,
        ClusterId = cluster,
        ServiceAccount = account,
        Node = node,
        Protocol = TunnelProtocol.Hbone,
    });

    private void Add(string uid, string account) =>
        _table.Apply(new ZdsMessage.Add(uid, new ZdsWorkloadInfo("pod-" + uid, "ns", account)), NetworkNamespace.FromDescriptor(FileDescriptor.OpenRead("/proc/self/stat")));

    private void Delete(string uid) => _table.Apply(new ZdsMessage.Delete(uid), null);

    private void Apply(params Workload[] workloads)
    {
        var batch = new MeshBatch();
        batch.Workloads.AddRange(workloads);
        _state.Apply(batch);
    }

    private void Remove(string uid)
    {
        var batch = new MeshBatch();
        batch.RemovedAddresses.Add(uid);
        _state.Apply(batch);
    }

    private sealed class Issuer(TimeProvider clock) : ICertificateIssuer
    {
        public List<string> Asked { get; } = [];

        public string? Refusal { get; set; }

        public Action? OnAsk { get; set; }

        public Task<WorkloadCertificate> IssueAsync(SpiffeId identity, CancellationToken cancellation)
        {
            Asked.Add(identity.ToString());
            OnAsk?.Invoke();
            DateTimeOffset now = clock.GetUtcNow();
            return Refusal is { } refusal ? Task.FromException<WorkloadCertificate>(new IssueException(refusal)) : Task.FromResult(new WorkloadCertificate
            {
                Identity = identity,
                LeafDer = default,
                IntermediatesDer = [],
                PrivateKeyPkcs8 = default,
                Trust = new TrustBundle([]),
                NotBefore = now,
                NotAfter = now.AddDays(1),
            });
        }
    }
}
