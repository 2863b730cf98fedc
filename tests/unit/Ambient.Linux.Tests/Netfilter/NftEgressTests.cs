using Ambient.Linux.Namespaces;
using Ambient.Linux.Netfilter;

namespace Ambient.Linux.Tests.Netfilter;

/// <summary>What is written to kernels of each kind, and what is learnt from their answers.</summary>
public sealed class NftEgressTests
{
    private const string Table = "t";

    [Theory]
    [InlineData(NftEgressWay.ThoseThatMayCome, NftEgressWay.ThoseThatMayCome, "eth0,eth1,eth2,eth3,net1,net2,net3,net4,net5,net6,net7,net8,odd0")]
    [InlineData(NftEgressWay.ThoseThatMayCome, NftEgressWay.ThoseThatAreThere, "eth0,odd0")]
    [InlineData(NftEgressWay.ThoseThatMayCome, NftEgressWay.None, null)]
    [InlineData(NftEgressWay.ThoseThatAreThere, NftEgressWay.ThoseThatMayCome, "eth0,odd0")]
    [InlineData(NftEgressWay.ThoseThatAreThere, NftEgressWay.ThoseThatAreThere, "eth0,odd0")]
    [InlineData(NftEgressWay.ThoseThatAreThere, NftEgressWay.None, null)]
    [InlineData(NftEgressWay.None, NftEgressWay.ThoseThatMayCome, null)]
    [InlineData(NftEgressWay.None, NftEgressWay.None, null)]
    public void ChainsHangOnWhatTheKernelTakes_AndItIsAskedOnce(NftEgressWay first, NftEgressWay kernel, string? held)
    {
        using var f = new Fixture(first, kernel);
        Assert.Equal(Errno.None, f.Write());
        Assert.Equal(held, f.Kernel.Held);
        Assert.Equal(held is not null, f.Egress.IsSupported);
        Assert.Equal(held?.Split(','), f.Egress.DevicesIn(f.Network)?.Names.Order(StringComparer.Ordinal));
        Assert.Equal(f.Kernel.Asked - 1, f.Kernel.Disposed);

        // Known from here on.
        int asked = f.Kernel.Asked;
        Assert.Equal(Errno.None, f.Write());
        Assert.Equal(asked + 1, f.Kernel.Asked);
    }

    [Fact]
    public void WithoutChains_ABatchThatIsNotMade_IsNotSent()
    {
        using var f = new Fixture(NftEgressWay.ThoseThatAreThere, NftEgressWay.None);
        Assert.Equal(Errno.None, f.Egress.TryCommit(f.Network, d => d is null ? null : Fixture.Batch(d), out IDisposable? remains));
        Assert.Null(remains);
        Assert.Equal(1, f.Kernel.Asked);
        Assert.False(f.Egress.IsSupported);
    }

    [Theory]
    [InlineData(1, "eth0,odd0", true)]
    [InlineData(2, "eth0,odd0", true)]
    [InlineData(3, null, false)]
    public void InterfaceThatWentAfterItWasListed_IsListedAgain(int times, string? held, bool isSupported)
    {
        using var f = new Fixture(NftEgressWay.ThoseThatAreThere, NftEgressWay.ThoseThatAreThere) { Vanishing = times };
        Assert.Equal(Errno.None, f.Write());
        Assert.Equal(held, f.Kernel.Held);
        Assert.Equal(isSupported, f.Egress.IsSupported);
    }

    [Theory]
    [InlineData(NftEgressWay.ThoseThatMayCome, Errno.ENOENT, true)]
    [InlineData(NftEgressWay.ThoseThatMayCome, Errno.EINVAL, true)]
    [InlineData(NftEgressWay.ThoseThatMayCome, Errno.EOPNOTSUPP, false)]
    [InlineData(NftEgressWay.ThoseThatAreThere, Errno.EINVAL, true)]
    [InlineData(NftEgressWay.ThoseThatAreThere, Errno.EAFNOSUPPORT, false)]
    public void RefusalOfAKernelThatHasHeldChains_SpeaksForItOnlyWhenItSaysSo(NftEgressWay way, Errno refusal, bool stays)
    {
        using var f = new Fixture(way, way);
        Assert.Equal(Errno.None, f.Write());
        f.Kernel.Refusal = refusal;
        Assert.Equal(Errno.None, f.Write());
        Assert.Equal(stays, f.Egress.Way == way);

        // The next namespace has the chains again.
        f.Kernel.Refusal = Errno.None;
        Assert.Equal(Errno.None, f.Write());
        Assert.Equal(stays, f.Egress.Way == way);
    }

    [Theory]
    [InlineData(Errno.EEXIST)]
    [InlineData(Errno.EPERM)]
    [InlineData(Errno.ENOBUFS)]
    public void OtherErrors_AreTheCallers_AndTeachNothing(Errno error)
    {
        using var f = new Fixture(NftEgressWay.ThoseThatMayCome, NftEgressWay.ThoseThatMayCome);
        f.Kernel.Refusal = error;
        Assert.Equal(error, f.Write());
        Assert.Equal(1, f.Kernel.Asked);
        Assert.Equal(NftEgressWay.ThoseThatMayCome, f.Egress.Way);
    }

    [Theory]
    [InlineData("7.0", NftEgressWay.ThoseThatMayCome)]
    [InlineData("6.16", NftEgressWay.ThoseThatMayCome)]
    [InlineData("6.15.9", NftEgressWay.ThoseThatAreThere)]
    [InlineData("5.16.0", NftEgressWay.ThoseThatAreThere)]
    [InlineData("5.15.200.7", NftEgressWay.None)]
    [InlineData("4.18", NftEgressWay.None)]
    public void Version_SaysWhatIsTriedFirst(string version, NftEgressWay way) => Assert.Equal(way, NftEgress.WayOf(new Version(version)));

    private sealed class Fixture : IDisposable
    {
        private int _listed;

        public Fixture(NftEgressWay first, NftEgressWay kernel)
        {
            Kernel = new MadeUpKernel(kernel, ["eth0", "odd0"]);
            Egress = new NftEgress(first, _ => _listed++ < Vanishing ? ["eth0", "odd0", "gone0"] : ["eth0", "odd0"], Kernel.TryCommit);
        }

        public NftEgress Egress { get; }

        public MadeUpKernel Kernel { get; }

        public NetworkNamespace Network { get; } = NetworkNamespace.Current();

        /// <summary>How often an interface is listed that has gone.</summary>
        public int Vanishing { get; init; }

        public static NftBatch Batch(NftDevices? devices)
        {
            var batch = new NftBatch();
            batch.AddTable(Table, NftFamily.Netdev);
            if (devices is not null)
            {
                batch.AddDroppingEgress(Table, "c", 0, devices);
            }

            return batch;
        }

        public Errno Write() => Egress.TryCommit(Network, Batch, out _);

        public void Dispose() => Network.Dispose();
    }

    /// <summary>Answers as kernels do: what they do not have they do not support, and interfaces that are not there are no entry.</summary>
    private sealed class MadeUpKernel(NftEgressWay has, string[] interfaces)
    {
        /// <summary>What is said to every chain; None means the truth.</summary>
        public Errno Refusal { get; set; }

        public int Asked { get; private set; }

        public int Disposed { get; private set; }

        /// <summary>The devices of the chain that is held; null without one.</summary>
        public string? Held { get; private set; }

        public Errno TryCommit(NftBatch batch, NetworkNamespace network, out IDisposable remains)
        {
            Asked++;
            remains = new Remains(() => Disposed++);
            string? chain = NftContent.Of(batch, NftFamily.Netdev, Table).Lines.SingleOrDefault();
            string? devices = chain?[(chain.IndexOf("devices ", StringComparison.Ordinal) + "devices ".Length)..];
            Errno error = devices is null ? Errno.None
                : Refusal != Errno.None ? Refusal
                : has == NftEgressWay.None ? Errno.EOPNOTSUPP
                : has == NftEgressWay.ThoseThatAreThere && devices.Split(',').Except(interfaces).Any() ? Errno.ENOENT : Errno.None;
            Held = error == Errno.None ? devices : Held;
            return error;
        }

        private sealed class Remains(Action disposed) : IDisposable
        {
            public void Dispose() => disposed();
        }
    }
}
