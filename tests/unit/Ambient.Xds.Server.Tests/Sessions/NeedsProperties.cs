using Ambient.Grpc.Framing;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Xds.Server.Resources;
using Ambient.Xds.Server.Sessions;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Xds.Server.Tests.Sessions;

/// <summary>Clients that are told what they need: whatever comes and goes, also over reconnections, what is held is what is needed, and nothing is told twice.</summary>
public sealed class NeedsProperties
{
    private const string NeedsType = "type.googleapis.com/needs";
    private const string Owner = "a/w";
    private const string Node = "n1";
    private const int Workloads = 12;
    private const int Services = 4;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(20261122)]
    public void WhatIsHeld_IsWhatIsNeeded(int seed)
    {
        for (int round = 0; round < 80; round++)
        {
            var random = new Random(HashCode.Combine(seed, round));
            var mesh = new Mesh(random.Next(2, 30));
            for (int step = 0; step < 100; step++)
            {
                mesh.Change(random);
                mesh.Act(random);
            }

            mesh.Settle();
            Assert.True(mesh.Differences() is "", $"seed {seed}, round {round}: {mesh.Differences()}");
            Assert.Equal("", mesh.Repeat());
        }
    }

    [Fact]
    public void ANeed_BringsTheServiceWithItsMembers_AndTakesThemBackWhenItGoes()
    {
        var mesh = new Mesh(100);
        mesh.Store.Apply([Make.Service("s1", 1), Make.Service("s2", 2), Make.Workload("w1", 1, "", "ns/s1"), Make.Workload("w2", 2, "", "ns/s1", "ns/s2"), Make.Workload("w3", 3, "", "ns/s2"), mesh.Need("ns/s1")]);
        RawClient client = mesh.Client;
        mesh.Open();
        Assert.Equal("A +ns/s1 +w1 +w2 | ? +a/w/needs", client.Receive());
        mesh.Store.Apply([Make.Workload("w4", 4, "", "ns/s1"), Make.Workload("w5", 5, "", "ns/s2")]);
        Assert.Equal("A +w4", client.Receive());
        mesh.Store.Apply([mesh.Need("ns/s2")]);
        Assert.Equal("A +ns/s2 +w3 +w5 | ? +a/w/needs | A -ns/s1 -w1 -w4", client.Receive());
        mesh.Store.Apply([Make.Workload("w5", 5)]);
        Assert.Equal("A -w5", client.Receive());
    }

    /// <summary>A caller's address that is a service's by accident, or by somebody's intent, brings no crowd.</summary>
    [Fact]
    public void AnAddressThatIsAskedFor_BringsWhatHasIt_AndGoesWhenItIsGivenUp()
    {
        var mesh = new Mesh(100);
        mesh.Store.Apply([Make.Service("s1", 1), Make.Workload("w1", 1, "", "ns/s1"), mesh.Need()]);
        RawClient client = mesh.Client;
        mesh.Open();
        Assert.Equal("A | ? +a/w/needs", client.Receive());
        client.Subscribe("/10.0.0.1", "/10.1.0.1", "/10.0.0.9");
        Assert.Equal("A +ns/s1 +w1 -/10.0.0.9", client.Receive());
        mesh.Store.Apply([Make.Workload("w9", 9), Make.Workload("w2", 2, "", "ns/s1")]);
        Assert.Equal("A +w9", client.Receive());
        client.Unsubscribe("/10.0.0.1", "/10.1.0.1");
        Assert.Equal("A -ns/s1 -w1", client.Receive());
    }

    [Fact]
    public void WhoIsToHaveEverything_ComparesAnewWhenThatChanges()
    {
        var mesh = new Mesh(100);
        mesh.Store.Apply([Make.Service("s1", 1), Make.Workload("w1", 1, "", "ns/s1"), Make.Workload("w2", 2), mesh.Everything()]);
        RawClient client = mesh.Client;
        mesh.Open();
        Assert.Equal("A +ns/s1 +w1 +w2 | ?", client.Receive());
        mesh.Store.Apply([mesh.Need("ns/s1")]);
        Assert.Equal(GrpcCode.Unavailable, Assert.Throws<GrpcException>(() => client.Receive()).Code);
        client.Reconnect();
        mesh.Open();
        Assert.Equal("? +a/w/needs | A -w2", client.Receive());
        mesh.Store.Apply([mesh.NoNeed()]);
        Assert.Equal(GrpcCode.Unavailable, Assert.Throws<GrpcException>(() => client.Receive()).Code);
        client.Reconnect();
        mesh.Open();
        Assert.Equal("A +w2 | ? -a/w/needs", client.Receive());
    }

    /// <summary>Replicas that end with their Gateway do not download the mesh, nor do those that come before it is known; streams go on.</summary>
    [Fact]
    public void WhoIsNotKnown_YetOrAnyMore_IsToldNothing()
    {
        var mesh = new Mesh(100);
        mesh.Store.Apply([Make.Service("s1", 1), Make.Workload("w1", 1, "", "ns/s1"), Make.Workload("w2", 2)]);
        RawClient client = mesh.Client;
        mesh.Open();
        Assert.Equal("A | ?", client.Receive());
        mesh.Store.Apply([mesh.Need("ns/s1")]);
        Assert.Equal("A +ns/s1 +w1 | ? +a/w/needs", client.Receive());
        mesh.Store.Apply([mesh.NoNeed()]);
        Assert.Equal("? -a/w/needs | A -ns/s1 -w1", client.Receive());
        client.Reconnect();
        mesh.Open();
        Assert.Equal("A | ?", client.Receive());
    }

    /// <summary>A client that does not read makes the server remember no more names than it may have.</summary>
    [Fact]
    public void NamesThatAreGivenUp_AreCounted_AndInventedOnesAreNotKept()
    {
        var budget = new NameBudget(100);
        var mesh = new Mesh(100, new DeltaSessionLimits { MaxNames = 3 }, budget);
        mesh.Store.Apply([mesh.Need()]);
        mesh.Open();
        mesh.Client.Receive();
        for (int i = 0; i < 10; i++)
        {
            mesh.Client.Unsubscribe("invented" + i);
        }

        Assert.Equal(0, budget.Used);
        for (int round = 0; round < 2; round++)
        {
            mesh.Client.Receive();
            Assert.Equal(0, budget.Used);
            for (int i = 0; i < 3; i++)
            {
                mesh.Client.Subscribe("had" + i);
                mesh.Client.Unsubscribe("had" + i);
            }

            Assert.Equal(3, budget.Used);
        }

        Assert.Equal(GrpcCode.ResourceExhausted, Assert.Throws<GrpcException>(() => mesh.Client.Subscribe("another")).Code);
    }

    [Fact]
    public void WhoDoesNotAskForNeeds_IsToldEverything()
    {
        var mesh = new Mesh(100);
        mesh.Store.Apply([Make.Workload("w1", 1), Make.Workload("w2", 2), mesh.Need()]);
        mesh.Client.OpenWildcard();
        Assert.Equal("A +w1 +w2", mesh.Client.Receive());
        mesh.Client.OpenWildcard(NeedsType);
        mesh.Store.Apply([Make.Workload("w3", 3)]);
        Assert.Equal("A +w3 | ? +a/w/needs", mesh.Client.Receive());
    }

    /// <summary>A store, what is in it, and one client with what it asks for.</summary>
    private sealed class Mesh
    {
        private readonly Dictionary<string, ResourceContent> _there = new(StringComparer.Ordinal);
        private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
        private IReadOnlySet<string>? _needs;
        private bool _hasEverything;

        internal Mesh(int tombstones, DeltaSessionLimits? limits = null, NameBudget? budget = null)
        {
            Store = new ResourceStore([Make.PolicyType, Make.AddressType, NeedsType], tombstones, [NeedsType], new NeedsRule(NeedsType, Make.AddressType));
            Client = new RawClient(Store, Node, limits, budget, Owner);
        }

        internal ResourceStore Store { get; }

        internal RawClient Client { get; }

        internal ResourceChange Need(params string[] names)
        {
            _needs = names.ToHashSet(StringComparer.Ordinal);
            return new ResourceChange(NeedsType, NeedsRule.NameFor(Owner), new ResourceContent { Message = new Empty(), Needs = _needs });
        }

        internal ResourceChange NoNeed()
        {
            _needs = null;
            return new ResourceChange(NeedsType, NeedsRule.NameFor(Owner), null);
        }

        /// <summary>While nothing else is needed.</summary>
        internal ResourceChange Everything(bool isSaid = true)
        {
            _hasEverything = isSaid;
            return new ResourceChange(NeedsType, NeedsRule.EverythingFor(Owner), isSaid ? new ResourceContent { Message = new Empty() } : null);
        }

        internal void Open()
        {
            Client.OpenWildcard(NeedsType);
            DeltaDiscoveryRequest request = Client.First(Make.AddressType);
            request.ResourceNamesSubscribe.Add("*");
            request.ResourceNamesSubscribe.AddRange(_asked);
            Client.Send(request);
        }

        internal void Change(Random random)
        {
            List<ResourceChange> changes = [];
            for (int i = random.Next(4); i >= 0; i--)
            {
                string workload = "w" + random.Next(Workloads);
                string service = "s" + random.Next(Services);
                changes.Add(random.Next(8) switch
                {
                    0 or 1 or 2 => Make.Workload(workload, (byte)random.Next(5), "n" + random.Next(4), [.. Enumerable.Range(0, random.Next(Services)).Select(n => "ns/s" + n)]),
                    3 => Make.Service(service, (byte)random.Next(3)),
                    4 => Make.NoAddress("ns/" + service),
                    5 => Make.NoAddress(workload),
                    6 when random.Next(4) == 0 => Everything(random.Next(2) == 0),
                    _ => random.Next(12) == 0 ? NoNeed() : Need([.. Enumerable.Range(0, Services).Where(_ => random.Next(2) == 0).Select(static n => "ns/s" + n)]),
                });
            }

            foreach (ResourceChange change in changes.Where(static change => change.TypeUrl == Make.AddressType))
            {
                _there.Remove(change.Name);
                if (change.Content is { } content)
                {
                    _there[change.Name] = content;
                }
            }

            Store.Apply(changes);
        }

        internal void Act(Random random)
        {
            string name = random.Next(3) switch { 0 => "ns/s" + random.Next(Services), 1 => "/10.1.0." + random.Next(3), _ => "/10.0.0." + random.Next(5) };
            switch (random.Next(10))
            {
                case 0:
                    Client.Reconnect();
                    Open();
                    break;
                case 1 or 2 or 3:
                    Settle();
                    break;
                case 4 when _asked.Add(name):
                    Client.Subscribe(name);
                    break;
                case 5 or 6 when _asked.Remove(name):
                    Client.Unsubscribe(name);
                    break;
                default:
                    break;
            }
        }

        internal void Settle()
        {
            try
            {
                Client.ReceiveAll();
            }
            catch (GrpcException anew) when (anew.Code == GrpcCode.Unavailable)
            {
                Client.Reconnect();
                Open();
                Client.ReceiveAll();
            }
        }

        /// <summary>What a client is told that comes again with all that it holds.</summary>
        internal string Repeat()
        {
            Client.Reconnect();
            Open();

            // Of names that nothing has it is told that again.
            return string.Join(' ', Client.ReceiveAll().SelectMany(response => response.Resources.Select(resource => "+" + resource.Name).Concat(response.RemovedResources.Where(name => !_asked.Contains(name)).Select(static name => "-" + name))));
        }

        internal string Differences()
        {
            IReadOnlyDictionary<string, string> all = Store.Versions(Make.AddressType);
            Dictionary<string, string> wanted = all.Where(pair => (_needs is null && _hasEverything) || IsNeeded(pair.Key, _there[pair.Key])).ToDictionary(StringComparer.Ordinal);
            return string.Join(' ', wanted.Except(Client.Held()).Select(static pair => "missing " + pair.Key).Concat(Client.Held().Except(wanted).Select(static pair => "not needed or stale " + pair.Key)));
        }

        private bool IsNeeded(string name, ResourceContent content) =>
            content.Groups.Append(name).Any(one => _needs?.Contains(one) == true || _asked.Contains(one)) || content.Aliases.Any(_asked.Contains) || content.Node == Node;
    }
}
