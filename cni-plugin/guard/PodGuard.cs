using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Netfilter;

namespace Ambient.Cni.Guard;

/// <summary>
/// The fail-closed guard: one nftables table in a pod's namespace, through which nothing enters or leaves the pod but over loopback, and what IPv6 needs
/// to have an address at all. Before every other table, so that no accept of another can pass it. The plugin raises it before anything else; it is lifted
/// by whoever has proof. Thread-safe.
/// </summary>
public static class PodGuard
{
    /// <summary>Name of the table (family inet); whoever finds it in a pod knows that the pod is not proven.</summary>
    public const string Table = "ambient-guard";

    /// <summary>Earlier than connection tracking (−200) and raw (−300).</summary>
    public const int Priority = -400;

    /// <summary>Every namespace is born with its loopback, so it always is the first.</summary>
    private const int Loopback = 1;

    // Neighbour discovery: router and neighbour, solicitation and advertisement.
    private const byte FirstNeighbourType = 133;
    private const byte LastNeighbourType = 136;

    /// <summary>Raises it; one that is there already is replaced without a gap. Throws <see cref="LinuxException"/>; then nothing has changed.</summary>
    public static void Raise(NetworkNamespace network)
    {
        ArgumentNullException.ThrowIfNull(network);

        // Nearly always there is none, and a batch that removes nothing costs half a millisecond instead of ten.
        var fresh = new NftBatch();
        fresh.AddNewTable(Table);
        Fill(fresh);
        Errno error = fresh.TryCommit(network, out IDisposable remains);
        remains.Dispose();
        if (error == Errno.EEXIST)
        {
            var replacement = new NftBatch();
            replacement.AddTable(Table);
            replacement.DeleteTable(Table);
            replacement.AddTable(Table);
            Fill(replacement);
            replacement.Commit(network);
        }
        else if (error != Errno.None)
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
        var batch = new NftBatch();
        batch.DeleteTable(Table);
        Errno error = batch.TryCommit(network, out IDisposable remains);
        if (error == Errno.None)
        {
            return remains;
        }

        remains.Dispose();
        return error == Errno.ENOENT ? null : throw new LinuxException("nftables", network.Name, error);
    }

    /// <summary>Whether it is there. Throws <see cref="LinuxException"/>.</summary>
    public static bool IsRaised(NetworkNamespace network) => NftBatch.HasTable(network, Table);

    private static void Fill(NftBatch batch)
    {
        batch.AddDroppingChain(Table, "input", NftHook.Input, Priority);
        batch.AddRule(Table, "input", new NftRule().CameIn(Loopback).Accept());
        batch.AddRule(Table, "input", Neighbours());
        batch.AddDroppingChain(Table, "forward", NftHook.Forward, Priority);
        batch.AddDroppingChain(Table, "output", NftHook.Output, Priority);
        batch.AddRule(Table, "output", new NftRule().GoesOut(Loopback).Accept());
        batch.AddRule(Table, "output", Neighbours());
    }

    private static NftRule Neighbours() => new NftRule().IsIcmpv6(FirstNeighbourType, LastNeighbourType).Accept();
}
