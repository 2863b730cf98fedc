using Ambient.Grpc.Framing;
using Ambient.Xds.Server.Resources;

namespace Ambient.Xds.Server.Tests.Sessions;

/// <summary>After any sequence of changes, reconnects and slow reads a client holds what the store holds.</summary>
public sealed class DeltaSessionProperties
{
    private const int Names = 12;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(20261121)]
    public void Wildcard_ClientsEndUpEqual(int seed)
    {
        for (int round = 0; round < 60; round++)
        {
            var random = new Random(HashCode.Combine(seed, round));
            ResourceStore store = Make.Store(tombstones: random.Next(1, 20));
            RawClient[] clients = [.. Enumerable.Range(0, 3).Select(_ => new RawClient(store))];
            Array.ForEach(clients, Open);
            for (int step = 0; step < 80; step++)
            {
                Step(store, random);
                foreach (RawClient client in clients)
                {
                    Act(client, random);
                }
            }

            foreach (RawClient client in clients)
            {
                Receive(client);
                foreach (string type in new[] { Make.AddressType, Make.PolicyType })
                {
                    Assert.True(Same(store.Versions(type), client.Held(type)), $"seed {seed}, round {round}: a client differs in {type}");
                }
            }
        }
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public void OnDemand_ClientsHoldWhatTheyNamedAsItIs(int seed)
    {
        for (int round = 0; round < 60; round++)
        {
            var random = new Random(HashCode.Combine(seed, round));
            ResourceStore store = Make.Store(tombstones: random.Next(1, 20));
            var client = new RawClient(store, "n1");
            client.OpenOnDemand();
            var named = new HashSet<string>(StringComparer.Ordinal);
            for (int step = 0; step < 80; step++)
            {
                Step(store, random);
                if (random.Next(4) == 0)
                {
                    string name = random.Next(2) == 0 ? "w" + random.Next(Names) : "ns/s" + random.Next(4);
                    named.Add(name);
                    client.Subscribe(name);
                }

                if (random.Next(3) == 0)
                {
                    ReceiveOnDemand(client, named);
                }
                else if (random.Next(10) == 0)
                {
                    // What was asked for and not yet answered is asked for again, as clients do.
                    client.Reconnect();
                    client.OpenOnDemand();
                    client.Subscribe([.. named]);
                }
            }

            ReceiveOnDemand(client, named);
            ReceiveOnDemand(client, named);
            IReadOnlyDictionary<string, string> all = store.Versions(Make.AddressType);
            Assert.All(client.Held(), held => Assert.True(all.TryGetValue(held.Key, out string? version) && version == held.Value, $"seed {seed}, round {round}: {held.Key} is stale"));
            Assert.All(named.Where(all.ContainsKey), name => Assert.True(client.Held().ContainsKey(name), $"seed {seed}, round {round}: {name} is missing"));
        }
    }

    private static void Step(ResourceStore store, Random random)
    {
        var changes = new List<ResourceChange>();
        for (int i = random.Next(4); i >= 0; i--)
        {
            string workload = "w" + random.Next(Names);
            string service = "s" + random.Next(4);
            string policy = "p" + random.Next(4);
            changes.Add(random.Next(7) switch
            {
                0 or 1 => Make.Workload(workload, (byte)random.Next(5), "n" + random.Next(3), [.. Enumerable.Range(0, random.Next(3)).Select(n => "ns/s" + n)]),
                2 => Make.Service(service, (byte)random.Next(3)),
                3 => Make.Policy(policy, (uint)random.Next(3)),
                4 => Make.NoAddress("ns/" + service),
                5 => Make.NoPolicy(policy),
                _ => Make.NoAddress(workload),
            });
        }

        store.Apply(changes);
    }

    private static void Act(RawClient client, Random random)
    {
        switch (random.Next(8))
        {
            case 0:
                client.Reconnect();
                Open(client);
                break;
            case 1 or 2:
                Receive(client);
                break;
            case 3:
                client.Subscribe("w" + random.Next(Names), "ns/s1");
                break;
            default:
                break;
        }
    }

    private static void Open(RawClient client)
    {
        client.OpenWildcard();
        client.OpenWildcard(Make.PolicyType);
    }

    private static void Receive(RawClient client)
    {
        try
        {
            client.ReceiveAll();
        }
        catch (GrpcException behind) when (behind.Code == GrpcCode.Unavailable)
        {
            client.Reconnect();
            Open(client);
            client.ReceiveAll();
        }
    }

    private static void ReceiveOnDemand(RawClient client, IEnumerable<string> named)
    {
        try
        {
            client.ReceiveAll();
        }
        catch (GrpcException behind) when (behind.Code == GrpcCode.Unavailable)
        {
            client.Reconnect();
            client.OpenOnDemand();
            client.Subscribe([.. named]);
            client.ReceiveAll();
        }
    }

    private static bool Same(IReadOnlyDictionary<string, string> expected, IReadOnlyDictionary<string, string> actual) =>
        expected.Count == actual.Count && expected.All(pair => actual.TryGetValue(pair.Key, out string? version) && version == pair.Value);
}
