using Ambient.ControlPlane.Controllers.Addresses;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;

namespace Ambient.ControlPlane.Controllers.Tests.Addresses;

/// <summary>Numbers of ServiceEntries: stable, one holder each, none for who wants none.</summary>
public sealed class AddressPlanTests
{
    private readonly AddressPlan _plan = new(Pool("240.240.0.0/16", "2001:2::/48"));
    private readonly Dictionary<ResourceKey, ServiceEntry> _entries = [];
    private int _age;

    [Fact]
    [Trait("behaviour", "CP-203")]
    public void NewEntry_GetsTheNextNumber_AndThoseWithAddressesNone()
    {
        Put("old", "a.com", "DNS", Pair("a.com", 1));
        Put("out", "b.com", "DNS", labels: "'networking.istio.io/enable-autoallocate-ip':'false'");
        Put("own", "c.com", "DNS", spec: ",'addresses':['1.2.3.4']");
        Put("none", "d.com", "NONE");
        Put("new", "e.com", "DNS");
        Assert.Equal("", Settle("old", "out", "own", "none"));
        Assert.Equal("e.com=240.240.0.2 e.com=2001:2::2", Settle("new"));
    }

    [Fact]
    [Trait("behaviour", "CP-204")]
    public void OfTwoWithOneNumber_TheYoungerMoves()
    {
        Put("elder", "a.com", "DNS", Pair("a.com", 1));
        Put("younger", "b.com", "DNS", Pair("b.com", 1));
        Assert.Equal("", Settle("elder"));
        Assert.Equal("b.com=240.240.0.2 b.com=2001:2::2", Settle("younger"));
        Assert.Equal("", Settle("elder", "younger"));
    }

    [Fact]
    public void AddressThatAUserWrote_IsTheUsers()
    {
        Put("auto", "a.com", "DNS", Pair("a.com", 1));
        IReadOnlyCollection<ResourceKey> doubted = Put("user", "b.com", "STATIC", spec: ",'addresses':['240.240.0.1']");
        Assert.Contains(new ResourceKey("ns", "auto"), doubted);
        Assert.Equal("a.com=240.240.0.2 a.com=2001:2::2", Settle("auto"));
    }

    [Fact]
    [Trait("behaviour", "CP-205")]
    [Trait("behaviour", "CP-206")]
    [Trait("behaviour", "CP-207")]
    [Trait("behaviour", "CP-208")]
    public void Hosts_ComeAndGo()
    {
        Put("e", "a.com", "DNS");
        Settle("e");
        Put("e", "a.com','b.com", "DNS", _entries[Key("e")].Status.Addresses);
        Assert.Equal("a.com=240.240.0.1 a.com=2001:2::1 b.com=240.240.0.2 b.com=2001:2::2", Settle("e"));
        Put("e", "a.com','b.com','*.c.com", "DNS", _entries[Key("e")].Status.Addresses);
        Assert.Equal("", Settle("e"));
        Put("e", "b.com", "DNS", _entries[Key("e")].Status.Addresses);
        Assert.Equal("b.com=240.240.0.2 b.com=2001:2::2", Settle("e"));
        Put("e", "w.com','x.com','y.com','z.com", "DNS", _entries[Key("e")].Status.Addresses);
        Assert.Equal("240.240.0.3 2001:2::3 240.240.0.4 2001:2::4 240.240.0.5 2001:2::5 240.240.0.6 2001:2::6", string.Join(' ', Settle("e").Split(' ').Select(static pair => pair.Split('=')[1])));
    }

    [Fact]
    [Trait("behaviour", "CP-209")]
    [Trait("behaviour", "CP-210")]
    [Trait("behaviour", "CP-212")]
    public void LifeOfAnEntry()
    {
        Put("e", "*.a.com", "DYNAMIC_DNS");
        Assert.Equal("*.a.com=240.240.0.1 *.a.com=2001:2::1", Settle("e"));
        Put("e", "*.a.com", "DNS", _entries[Key("e")].Status.Addresses);
        Assert.Equal("nothing", Settle("e"));
        Put("e", "a.com", "DNS");
        Assert.StartsWith("a.com=240.240.0.2 ", Settle("e"), StringComparison.Ordinal);
        Put("e", "a.com", "DNS", _entries[Key("e")].Status.Addresses, labels: "'networking.istio.io/enable-autoallocate-ip':'false'");
        Assert.Equal("nothing", Settle("e"));
        Put("e", "a.com", "DNS");
        Assert.NotEqual("", Settle("e"));
        Put("e", "a.com", "DNS", _entries[Key("e")].Status.Addresses, spec: ",'addresses':['9.9.9.9']");
        Assert.Equal("nothing", Settle("e"));
        Put("f", "", "DNS", spec: ",'hosts':[]");
        Assert.Equal("", Settle("f"));
    }

    [Fact]
    [Trait("behaviour", "CP-211")]
    public void Blocks_AreAsAsked()
    {
        AddressPool pool = Pool("10.9.0.0/24", "fd00:1::/64");
        Assert.Equal(("10.9.0.1", "fd00:1::1"), (pool[1].Ipv4.ToString(), pool[1].Ipv6.ToString()));
        Assert.Equal(("10.9.0.2", "fd00:1::2"), (pool[2].Ipv4.ToString(), pool[2].Ipv6.ToString()));
        Assert.Equal(255, pool.Size);
        Assert.Equal(7, pool.NumberOf(pool[7].Ipv6));
        Assert.Null(pool.NumberOf(System.Net.IPAddress.Parse("10.8.0.1")));
        Assert.Null(AddressPool.Parse("10.0.0.0/33", "fd00::/64", out string? error));
        Assert.Contains("10.0.0.0/33", error, StringComparison.Ordinal);
    }

    [Fact]
    public void PromisedNumber_StaysWithItsHost_UntilItIsWritten_AndAFullPoolGivesNone()
    {
        var small = new AddressPlan(Pool("10.9.0.0/30", "fd00::/126"));
        foreach (int i in Enumerable.Range(0, 4))
        {
            small.Set(Key("e" + i), Entry("e" + i, $"h{i}.com", "DNS", [], "", ""));
        }

        string First() => small.Decide(Key("e0"))![0].Value;
        string once = First();
        Assert.Equal(once, First());
        Assert.Equal(3, Enumerable.Range(0, 4).Select(i => small.Decide(Key("e" + i))).Count(static wanted => wanted is { Count: 2 }));
    }

    private static AddressPool Pool(string ipv4, string ipv6) => AddressPool.Parse(ipv4, ipv6, out string? error) ?? throw new InvalidOperationException(error);

    private static ResourceKey Key(string name) => new("ns", name);

    private static IReadOnlyList<AllocatedAddress> Pair(string host, int number) =>
        [new() { Host = host, Value = $"240.240.0.{number}" }, new() { Host = host, Value = $"2001:2::{number}" }];

    private ServiceEntry Entry(string name, string hosts, string resolution, IReadOnlyList<AllocatedAddress> addresses, string spec, string labels) =>
        Make.Of(KnownResources.ServiceEntries, $$$"""
            {'apiVersion':'networking.istio.io/v1','kind':'ServiceEntry','metadata':{'name':'{{{name}}}','namespace':'ns','labels':{ {{{labels}}} }},
             'spec':{'hosts':['{{{hosts}}}'],'resolution':'{{{resolution}}}'{{{spec}}} }}
            """) is var made ? made with
        {
            Metadata = made.Metadata with { CreationTimestamp = Make.Now.AddSeconds(_entries.TryGetValue(Key(name), out ServiceEntry? before) ? (before.Metadata.CreationTimestamp!.Value - Make.Now).TotalSeconds : _age++) },
            Status = new IstioStatus { Addresses = addresses },
        } : throw new InvalidOperationException();

    private IReadOnlyCollection<ResourceKey> Put(string name, string hosts, string resolution, IReadOnlyList<AllocatedAddress>? addresses = null, string spec = "", string labels = "") =>
        _plan.Set(Key(name), _entries[Key(name)] = Entry(name, hosts, resolution, addresses ?? [], spec, labels));

    /// <summary>What is to be written, written: "nothing" for an empty list, "" when all is as it should be.</summary>
    private string Settle(params string[] names)
    {
        var told = new List<string>();
        foreach (string name in names)
        {
            if (_plan.Decide(Key(name)) is { } wanted)
            {
                told.Add(wanted.Count == 0 ? "nothing" : string.Join(' ', wanted.Select(static address => $"{address.Host}={address.Value}")));
                _plan.Set(Key(name), _entries[Key(name)] = _entries[Key(name)] with { Status = new IstioStatus { Addresses = wanted } });
            }
        }

        return string.Join(' ', told);
    }
}
