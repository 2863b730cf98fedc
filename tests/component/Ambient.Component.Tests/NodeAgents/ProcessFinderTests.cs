using System.Net;
using Ambient.Cni.Agent.Discovery;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Linux.Namespaces;
using Ambient.Testing.Facts;
using Ambient.Testing.Networks;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.NodeAgents;

/// <summary>Pods found in a made-up /proc that leads to real network namespaces.</summary>
public sealed class ProcessFinderTests : IDisposable
{
    private const string UidA = "2c48913c-b29f-11e7-9350-020968147796", UidB = "3c48913c-b29f-11e7-9350-020968147796";
    private readonly TestNetwork _network = new();
    private readonly VirtualPod _a;
    private readonly VirtualPod _b;

    public ProcessFinderTests() => (_a, _b) = (_network.AddPod("a"), _network.AddPod("b"));

    public void Dispose() => _network.DisposeAsync().AsTask().GetAwaiter().GetResult();

    [RequiresRootFact]
    [Trait("behaviour", "CNI-150")]
    [Trait("behaviour", "CNI-153")]
    public void HelperOfAPod_InAnothersNamespace_IsNotThePod()
    {
        // The helper is older, and sits in b's namespace with a's cgroup.
        AddProcess(101, UidA, _b, 10);
        AddProcess(102, UidA, _a, 20);
        ProcessFinder finder = Finder();
        using NetworkNamespace? found = finder.Find(Pod(UidA, _a.Address, _a.AddressV6), out _);
        Assert.True(found!.IsSameAs(_a.Namespace));

        Assert.Null(finder.Find(Pod(UidA, IPAddress.Parse("10.99.0.1")), out string? doubt));
        Assert.Contains("has none of its addresses 10.99.0.1", doubt, StringComparison.Ordinal);
        Assert.Null(finder.Find(Pod(UidB, _b.Address), out doubt));
        Assert.Null(doubt);
    }

    [RequiresRootFact]
    [Trait("behaviour", "CNI-151")]
    [Trait("behaviour", "CNI-152")]
    public void NodesOwnNamespace_AndPodsWithoutAddress_AreNeverFound()
    {
        AddProcess(101, UidA, _a, 10);
        Assert.Null(new ProcessFinder(Table(_a.Namespace)).Find(Pod(UidA, _a.Address), out _));
        Assert.Null(Finder().Find(Pod(UidA), out _));
    }

    [RequiresRootFact]
    public void PodThatMoved_IsSeenElsewhere_AndOneWithoutProcessesStays()
    {
        AddProcess(101, UidA, _a, 10);
        ProcessFinder finder = Finder();
        Assert.Equal(Identity(_a), finder.Elsewhere(Pod(UidA, _a.Address), Identity(_b)));
        Assert.Null(finder.Elsewhere(Pod(UidA, _a.Address), Identity(_a)));
        Assert.Null(finder.Elsewhere(Pod(UidB, _b.Address), Identity(_b)));
    }

    [RequiresRootFact]
    public void WhoAskedBeforeAWalkBegan_SharesIt()
    {
        AddProcess(101, UidA, _a, 10);
        using NetworkNamespace node = NetworkNamespace.Current();
        ProcessTable table = Table(node);
        long asked = table.Now;
        Assert.Single(table.Of(UidA, asked));
        AddProcess(102, UidB, _b, 10);
        Assert.Empty(table.Of(UidB, asked));
        Assert.Equal(1, table.Walks);
        Assert.Single(table.Of(UidB, table.Now));
        Assert.Equal(2, table.Walks);
    }

    [RequiresRootFact]
    [Trait("behaviour", "CNI-154")]
    [Trait("behaviour", "CNI-155")]
    public void Addresses_AreCompared_InWhateverFormTheyAreWritten()
    {
        AddProcess(101, UidA, _a, 10);
        IPAddress elsewhere = IPAddress.Parse("10.99.0.1");
        Assert.True(Finds(_a.Address));
        Assert.True(Finds(_a.Address.MapToIPv6()));
        Assert.True(Finds(_a.AddressV6));
        Assert.True(Finds(elsewhere, _a.AddressV6));
        Assert.False(Finds(elsewhere));
        Assert.False(Finds(IPAddress.Loopback, IPAddress.IPv6Loopback));
        Assert.False(Finds());

        bool Finds(params IPAddress[] addresses)
        {
            using NetworkNamespace? found = Finder().Find(Pod(UidA, addresses), out _);
            return found is not null;
        }
    }

    [RequiresRootFact]
    public void ForeignProcessesInAPodsNamespace_AreNotThePod_AndDoNotHideIt()
    {
        // A debugger of the node, and b's only process: both older than a's own, both in a's namespace.
        AddProcess(90, UidA, _a, 1);
        File.WriteAllText(Path.Combine(_network.Directory, "proc", "90", "cgroup"), "0::/user.slice\n");
        AddProcess(91, UidB, _a, 2);
        AddProcess(101, UidA, _a, 10);
        ProcessFinder finder = Finder();
        using NetworkNamespace? found = finder.Find(Pod(UidA, _a.Address), out _);
        Assert.True(found!.IsSameAs(_a.Namespace));
        Assert.Null(finder.Find(Pod(UidB, _b.Address), out string? doubt));
        Assert.Contains("has none of its addresses", doubt, StringComparison.Ordinal);
    }

    private static NetworkIdentity Identity(VirtualPod pod) => new(pod.Namespace.Device, pod.Namespace.Inode);

    private static PodRecord Pod(string uid, params IPAddress[] addresses) => new() { Facts = new PodFacts { Name = "p", Namespace = "n", Uid = uid }, Addresses = addresses };

    private ProcessTable Table(NetworkNamespace node) => new(Path.Combine(_network.Directory, "proc"), new NetworkIdentity(node.Device, node.Inode), TimeProvider.System, TimeSpan.FromSeconds(5));

    private ProcessFinder Finder()
    {
        using NetworkNamespace node = NetworkNamespace.Current();
        return new ProcessFinder(Table(node));
    }

    private void AddProcess(int id, string uid, VirtualPod pod, int start)
    {
        string folder = Path.Combine(_network.Directory, "proc", id.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Directory.CreateDirectory(Path.Combine(folder, "ns"));
        File.WriteAllText(Path.Combine(folder, "cgroup"), $"0::/kubepods/burstable/pod{uid}/{new string('a', 64)}\n");
        File.WriteAllText(Path.Combine(folder, "stat"), $"{id} (x) S {string.Join(' ', Enumerable.Range(4, 18))} {start} 0 0\n");
        File.CreateSymbolicLink(Path.Combine(folder, "ns", "net"), "/run/netns/" + pod.NamespaceName);
    }
}
