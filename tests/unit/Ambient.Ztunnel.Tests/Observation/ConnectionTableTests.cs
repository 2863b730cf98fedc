using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Views;
using Ambient.Ztunnel.Observation;

namespace Ambient.Ztunnel.Tests.Observation;

public sealed class ConnectionTableTests
{
    [Fact]
    [Trait("behaviour", "ZT-142")]
    public void EqualStreams_AreOneRow_UntilTheLastEnds()
    {
        using ObservationFixture fixture = new();
        ConnectionTable table = new();
        ConnectionRecord first = Inbound(fixture, table);
        ConnectionRecord second = Inbound(fixture, table);
        table.Add(first);
        Assert.Equal(2, table.Count);
        ConnectionRow row = Assert.Single(Rows(table));
        Assert.Equal("10.1.1.9:8080", row.ActualDestination.ToString());
        Assert.Null(row.OriginalDestination);
        first.Close(CloseReason.Completed);
        Assert.Single(Rows(table));
        second.Close(CloseReason.Completed);
        Assert.Empty(Rows(table));
        Assert.Equal(0, table.Count);
    }

    [Fact]
    [Trait("behaviour", "ZT-143")]
    [Trait("behaviour", "ZT-144")]
    public void DenyPolicy_CutsThoseItRefuses_AndNoOther()
    {
        using ObservationFixture fixture = new();
        ConnectionTable table = new();
        Owner refused = new();
        Owner alsoRefused = new();
        Owner kept = new();
        Owner outbound = new();
        refused.Record = Inbound(fixture, table, "bad", refused);
        alsoRefused.Record = Inbound(fixture, table, "bad", alsoRefused);
        kept.Record = Inbound(fixture, table, "good", kept);
        outbound.Record = new ConnectionRecord(fixture.Traffic, Reporter.Source, IpPort.Parse("10.1.1.9:4000"), IpPort.Parse("10.1.0.7:80"), outbound);
        outbound.Record.Open(new TrafficKey { Reporter = Reporter.Source, SourceIdentity = new SpiffeId("td", "bad", "sa") }, IpPort.Parse("10.1.0.7:80"), null, TransportProtocol.Tcp);
        table.Add(outbound.Record);
        PolicySet policies = Policies(new AuthorizationPolicy
        {
            Name = "deny-bad",
            Namespace = "shop",
            Scope = PolicyScope.Namespace,
            Action = PolicyAction.Deny,
            Rules = [new PolicyRule([new PolicyClause([new PolicyMatch { Namespaces = [StringMatch.Exact("bad")] }])])],
        });
        Assert.Equal(2, table.Reevaluate(policies, ObservationFixture.Cart));
        Assert.Equal([CloseReason.PolicyChanged], refused.Cuts);
        Assert.Equal([CloseReason.PolicyChanged], alsoRefused.Cuts);
        Assert.Empty(kept.Cuts);
        Assert.Empty(outbound.Cuts);
        Assert.Equal(2, table.Count);
        Assert.Equal(0, table.Reevaluate(policies, ObservationFixture.Cart));
    }

    [Fact]
    public void CutAll_SurvivesOwnersThatEndOthers()
    {
        using ObservationFixture fixture = new();
        ConnectionTable table = new();
        List<Owner> owners = [.. Enumerable.Range(0, 10).Select(_ => new Owner())];
        foreach (Owner owner in owners)
        {
            owner.Record = Inbound(fixture, table, "ns", owner);
            owner.Others = owners;
        }

        table.CutAll(CloseReason.Drained, "connection closed due to connection drain");
        Assert.Equal(0, table.Count);
        Assert.Equal(10, fixture.Lines().Length);
    }

    [Fact]
    public void Random_AddsAndRemoves_KeepTheListWhole()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        using ObservationFixture fixture = new("off");
        ConnectionTable table = new();
        List<ConnectionRecord> model = [];
        for (int i = 0; i < 5000; i++)
        {
            if (model.Count == 0 || random.Next(5) < 3)
            {
                model.Add(Inbound(fixture, table, source: $"10.1.0.7:{(i % 60000) + 1}"));
            }
            else
            {
                int at = random.Next(model.Count);
                model[at].Close(CloseReason.Completed);
                model.RemoveAt(at);
            }

            Assert.True(model.Count == table.Count, $"seed {seed}");
        }

        Assert.Equal(model.Select(m => m.Source.Port).Order(), Rows(table).Select(r => r.Source.Port).Order());
    }

    private static HashSet<ConnectionRow> Rows(ConnectionTable table)
    {
        HashSet<ConnectionRow> rows = [];
        table.List(rows);
        return rows;
    }

    private static PolicySet Policies(AuthorizationPolicy policy)
    {
        MeshState state = new();
        MeshBatch batch = new();
        batch.Policies.Add((policy.FullName, policy));
        state.Apply(batch);
        return state.Current.Policies;
    }

    private static ConnectionRecord Inbound(ObservationFixture fixture, ConnectionTable table, string peerNamespace = "ns", IConnectionOwner? owner = null, string source = "10.1.0.7:50112")
    {
        ConnectionRecord record = new(fixture.Traffic, Reporter.Destination, IpPort.Parse(source), IpPort.Parse("10.1.1.9:15008"), owner ?? fixture);
        TrafficKey key = new() { Reporter = Reporter.Destination, SourceIdentity = new SpiffeId("td", peerNamespace, "sa"), Destination = ObservationFixture.Cart, IsMutualTls = true };
        record.Open(key, IpPort.Parse("10.1.1.9:8080"), "10.1.1.9:8080", TransportProtocol.Hbone);
        table.Add(record);
        return record;
    }

    private sealed class Owner : IConnectionOwner
    {
        public ConnectionRecord? Record { get; set; }

        public List<CloseReason> Cuts { get; } = [];

        public List<Owner> Others { get; set; } = [];

        public void Cut(CloseReason reason, string detail)
        {
            Cuts.Add(reason);
            Record!.Close(reason, detail);
            Others.ForEach(o => o.Record!.Close(reason, detail));
        }
    }
}
