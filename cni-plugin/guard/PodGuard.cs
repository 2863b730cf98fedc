using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Netfilter;

namespace Ambient.Cni.Guard;

/// <summary>
/// The fail-closed guard: an nftables table in a pod's namespace (and one more for frames that programs make themselves, where the kernel has that),
/// through which nothing enters or leaves the pod but over loopback, and what is needed to find neighbours and to have an IPv6 address at all. Before every other table, so that no accept of another can pass it. The plugin raises it before anything else; it is lifted
/// by whoever has proof. Thread-safe.
/// </summary>
public static class PodGuard
{
    /// <summary>Name of the tables; whoever finds that of family inet in a pod knows that the pod is not proven.</summary>
    public const string Table = "ambient-guard";

    /// <summary>Earlier than connection tracking (−200) and raw (−300).</summary>
    public const int Priority = -400;

    /// <summary>Every namespace is born with its loopback, so it always is the first.</summary>
    private const int Loopback = 1;

    // Neighbour discovery: router and neighbour, solicitation and advertisement.
    private const byte FirstNeighbourType = 133;
    private const byte LastNeighbourType = 136;

    private const ushort Arp = 0x0806;

    /// <summary>Raises it; one that is there already is replaced without a gap. Throws <see cref="LinuxException"/>; then nothing has changed.</summary>
    public static void Raise(NetworkNamespace network) => Raise(network, NftEgress.OfThisKernel);

    /// <summary>Raises it as on a kernel that has no more than these chains for frames.</summary>
    public static void Raise(NetworkNamespace network, NftEgress egress)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(egress);

        // Nearly always there is none, and a batch that removes nothing costs half a millisecond instead of ten.
        Errno error = egress.TryCommit(network, Fresh, out IDisposable? remains);
        remains?.Dispose();
        if (error == Errno.EEXIST)
        {
            error = egress.TryCommit(network, Replacement, out remains);
            remains?.Dispose();
        }

        if (error != Errno.None)
        {
            throw new LinuxException("nftables", network.Name, error);
        }
    }

    /// <summary>
    /// Lifts it; lifting what is not there succeeds. From the return on packets pass; dispose what comes out, which waits 10 to 20 ms, wherever that
    /// disturbs nobody. Throws <see cref="LinuxException"/>.
    /// </summary>
    public static IDisposable? Lift(NetworkNamespace network)
    {
        ArgumentNullException.ThrowIfNull(network);
        Errno error = Removal(NftFamily.Inet, NftFamily.Netdev).TryCommit(network, out IDisposable remains);
        if (error == Errno.None)
        {
            return remains;
        }

        // An older version's, or one of a kernel without egress chains, is one table; and whatever is alone goes too.
        remains.Dispose();
        Errno packets = Removal(NftFamily.Inet).TryCommit(network, out remains);
        Errno frames = Removal(NftFamily.Netdev).TryCommit(network, out IDisposable others);
        others.Dispose();
        if (packets == Errno.None)
        {
            return remains;
        }

        remains.Dispose();
        return packets == Errno.ENOENT ? null : throw new LinuxException("nftables", network.Name, packets);
    }

    /// <summary>Whether it is there. Throws <see cref="LinuxException"/>.</summary>
    public static bool IsRaised(NetworkNamespace network) => NftBatch.HasTable(network, Table);

    private static NftBatch Fresh(NftDevices? devices)
    {
        var batch = new NftBatch();
        batch.AddNewTable(Table);
        if (devices is not null)
        {
            batch.AddNewTable(Table, NftFamily.Netdev);
        }

        return Fill(batch, devices);
    }

    private static NftBatch Replacement(NftDevices? devices)
    {
        var batch = new NftBatch();
        batch.AddTable(Table);
        batch.DeleteTable(Table);
        batch.AddTable(Table);
        if (devices is not null)
        {
            batch.AddTable(Table, NftFamily.Netdev);
            batch.DeleteTable(Table, NftFamily.Netdev);
            batch.AddTable(Table, NftFamily.Netdev);
        }

        return Fill(batch, devices);
    }

    private static NftBatch Removal(params ReadOnlySpan<NftFamily> families)
    {
        var batch = new NftBatch();
        foreach (NftFamily family in families)
        {
            batch.DeleteTable(Table, family);
        }

        return batch;
    }

    private static NftBatch Fill(NftBatch batch, NftDevices? devices)
    {
        batch.AddDroppingChain(Table, "input", NftHook.Input, Priority);
        batch.AddRule(Table, "input", new NftRule().CameIn(Loopback).Accept());
        batch.AddRule(Table, "input", Neighbours());
        batch.AddDroppingChain(Table, "forward", NftHook.Forward, Priority);
        batch.AddDroppingChain(Table, "output", NftHook.Output, Priority);
        batch.AddRule(Table, "output", new NftRule().GoesOut(Loopback).Accept());
        batch.AddRule(Table, "output", Neighbours());
        if (devices is { Names.Count: > 0 })
        {
            // Frames that a program makes itself (AF_PACKET) meet none of these.
            batch.AddDroppingEgress(Table, "egress", Priority, devices);
            batch.AddRule(Table, "egress", new NftRule().GoesOut(Loopback).Accept(), NftFamily.Netdev);
            batch.AddRule(Table, "egress", new NftRule().IsRouted().Accept(), NftFamily.Netdev);
            batch.AddRule(Table, "egress", new NftRule().IsFrame(Arp).Accept(), NftFamily.Netdev);
        }

        return batch;
    }

    private static NftRule Neighbours() => new NftRule().IsIcmpv6(FirstNeighbourType, LastNeighbourType).Accept();
}
