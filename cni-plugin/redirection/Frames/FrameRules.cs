using Ambient.Cni.Redirection.Verification;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Netfilter;

namespace Ambient.Cni.Redirection.Frames;

/// <summary>
/// What leaves a pod without passing its rules: frames that a program makes itself (AF_PACKET; CAP_NET_RAW is enough). One table of family netdev, whose
/// chain hangs where frames leave by an interface. What the network stack made has taken a route, and was judged by the rules; of the rest only what
/// the mesh does not carry may leave: ARP, and IP packets that can be read and are not TCP. Thread-safe.
/// </summary>
internal sealed class FrameRules(NetworkNamespace network, bool ipv6, NftEgress egress)
{
    /// <summary>Its name (family netdev).</summary>
    public const string Table = "ambient-frames";

    private const string Chain = "egress";
    private const int Priority = 0;
    private const int Loopback = 1;
    private const byte Tcp = 6;
    private const ushort Arp = 0x0806;
    private const ushort Ipv4 = 0x0800;
    private const ushort Ipv6 = 0x86DD;

    /// <summary>Brings the chain to the model, without a moment in between; nothing where the kernel has no such chains. Throws <see cref="RedirectionException"/>.</summary>
    public void Apply() => Guarded("cannot write the pod's rules for frames", () =>
    {
        Errno error = egress.TryCommit(network, d => d is null ? null : Fill(Fresh(), d), out IDisposable? remains);
        Leave(remains);
        if (error == Errno.EEXIST && !IsAsWanted(out _, out _))
        {
            error = egress.TryCommit(network, d => d is null ? null : Fill(Replacement(), d), out remains);
            Leave(remains);
        }

        return error == Errno.EEXIST ? Errno.None : error;
    });

    /// <summary>Adds what differs. Throws <see cref="RedirectionException"/>.</summary>
    public void Verify(List<Difference> differences) => Guarded("cannot read the pod's rules for frames", () =>
    {
        if (!IsAsWanted(out IReadOnlyList<string> wanted, out IReadOnlyList<string>? held))
        {
            differences.AddRange(wanted.Except(held ?? []).Select(l => new Difference(DifferenceKind.Missing, "netdev egress", l)));
            differences.AddRange((held ?? []).Except(wanted).Select(l => new Difference(DifferenceKind.Unexpected, "netdev egress", l)));
            if (held is not null && held.Count == wanted.Count && !held.Except(wanted).Any())
            {
                differences.Add(new Difference(DifferenceKind.OutOfOrder, "netdev egress", "rules"));
            }
        }

        return Errno.None;
    });

    /// <summary>Removes it; succeeds when there is nothing. Throws <see cref="RedirectionException"/>.</summary>
    public void Remove() => Guarded("cannot remove the pod's rules for frames", () =>
    {
        var batch = new NftBatch();
        batch.DeleteTable(Table, NftFamily.Netdev);
        Errno error = batch.TryCommit(network, out IDisposable remains);
        Leave(remains);
        return error is Errno.ENOENT or Errno.EOPNOTSUPP or Errno.EAFNOSUPPORT or Errno.EINVAL ? Errno.None : error;
    });

    private static NftBatch Fresh()
    {
        var batch = new NftBatch();
        batch.AddNewTable(Table, NftFamily.Netdev);
        return batch;
    }

    private static NftBatch Replacement()
    {
        var batch = new NftBatch();
        batch.AddTable(Table, NftFamily.Netdev);
        batch.DeleteTable(Table, NftFamily.Netdev);
        batch.AddTable(Table, NftFamily.Netdev);
        return batch;
    }

    /// <summary>Nobody has to wait for the kernel's tidying up.</summary>
    private static void Leave(IDisposable? remains) => ThreadPool.UnsafeQueueUserWorkItem(static r => r?.Dispose(), remains, preferLocal: false);

    private static void Guarded(string what, Func<Errno> work)
    {
        try
        {
            Errno error = work();
            if (error != Errno.None)
            {
                throw new RedirectionException($"{what}: {error}");
            }
        }
        catch (Exception e) when (e is LinuxException or IOException)
        {
            throw new RedirectionException($"{what}: {e.Message}", e);
        }
    }

    private bool IsAsWanted(out IReadOnlyList<string> wanted, out IReadOnlyList<string>? held)
    {
        NftDevices? devices = egress.DevicesIn(network);
        if (devices is null)
        {
            (wanted, held) = ([], null);
            return true;
        }

        NftBatch batch = Fill(Replacement(), devices);
        wanted = NftContent.Of(batch, NftFamily.Netdev, Table).Lines;
        held = NftContent.Read(network, NftFamily.Netdev, Table)?.Lines;
        return held is not null && wanted.SequenceEqual(held);
    }

    private NftBatch Fill(NftBatch batch, NftDevices devices)
    {
        if (devices.Names.Count == 0)
        {
            return batch;
        }

        batch.AddDroppingEgress(Table, Chain, Priority, devices);
        Add(batch, new NftRule().GoesOut(Loopback));
        Add(batch, new NftRule().IsRouted());
        Add(batch, new NftRule().IsFrame(Arp));

        // Who makes a frame may say that it is of another kind than it is: both must agree, or the packet would be looked for in the wrong place.
        Add(batch, new NftRule().IsFrame(Ipv4).IsSaidToBe(Ipv4).IsNotTransport(Tcp));
        NftRule six = new NftRule().IsFrame(Ipv6).IsSaidToBe(Ipv6);
        Add(batch, ipv6 ? six.IsNotTransport(Tcp) : six);
        return batch;
    }

    private static void Add(NftBatch batch, NftRule rule) => batch.AddRule(Table, Chain, rule.Accept(), NftFamily.Netdev);
}
