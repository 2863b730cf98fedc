using Ambient.Linux.Namespaces;

namespace Ambient.Linux.Netfilter;

/// <summary>
/// Chains that frames meet when they leave by an interface, as far as the running kernel has them: on interfaces that are there
/// (Linux 5.16), on those that come again or later under a name that was to be expected as well (6.16), or not at all. Found out by the first that is written. Thread-safe.
/// </summary>
public sealed class NftEgress
{
    private const int Attempts = 3;
    private static readonly Version WithNames = new(6, 16);
    private static readonly Version WithInterfaces = new(5, 16);

    /// <summary>
    /// What interfaces of pods are called that are plugged in later. Not the kernel's beginnings of names (6.18): the tool nft of before that never ends
    /// where it meets them.
    /// </summary>
    private static readonly string[] Expected = ["eth0", "eth1", "eth2", "eth3", "net1", "net2", "net3", "net4", "net5", "net6", "net7", "net8"];

    private readonly Func<NetworkNamespace, string[]> _interfaces;
    private readonly NftCommit _commit;
    private int _way;
    private volatile bool _hasHeld;

    /// <summary>Chains as a kernel has them that has no more than this.</summary>
    public NftEgress(NftEgressWay first)
        : this(first, NamesIn, Commit)
    {
    }

    internal NftEgress(NftEgressWay first, Func<NetworkNamespace, string[]> interfaces, NftCommit commit) =>
        (_way, _interfaces, _commit) = ((int)first, interfaces, commit);

    /// <summary>Brings a batch into force; see <see cref="NftBatch.TryCommit"/>.</summary>
    internal delegate Errno NftCommit(NftBatch batch, NetworkNamespace network, out IDisposable remains);

    /// <summary>The running kernel's.</summary>
    public static NftEgress OfThisKernel { get; } = new(WayOf(Environment.OSVersion.Version));

    /// <summary>Whether chains can be written; true until a kernel has said no.</summary>
    public bool IsSupported => Way != NftEgressWay.None;

    /// <summary>What is tried first.</summary>
    internal NftEgressWay Way => (NftEgressWay)Volatile.Read(ref _way);

    /// <summary>
    /// Brings a batch into force, made once or twice or thrice: with the interfaces that its egress chain should hang on, or with null where the kernel
    /// has none: the chain must then be left out, and a null batch means that nothing remains to be done. See <see cref="NftBatch.TryCommit"/>.
    /// </summary>
    public Errno TryCommit(NetworkNamespace network, Func<NftDevices?, NftBatch?> make, out IDisposable? remains)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(make);
        NftEgressWay first = Way;
        int attempt = 0;
        bool isPlain = false;
        for (NftEgressWay way = first; ; way++)
        {
            remains = null;
            NftBatch? batch = make(DevicesOf(way, network));
            Errno error = batch is null ? Errno.None : _commit(batch, network, out remains);
            if (error == Errno.None)
            {
                Learn(way, first, isPlain);
            }

            // An interface that went after it was listed.
            bool again = error == Errno.ENOENT && way == NftEgressWay.ThoseThatAreThere && ++attempt < Attempts;
            if (!again && (way == NftEgressWay.None || !IsRefusal(error)))
            {
                return error;
            }

            remains?.Dispose();
            isPlain |= error is Errno.EOPNOTSUPP or Errno.EAFNOSUPPORT;
            way -= again ? 1 : 0;
        }
    }

    /// <summary>The interfaces that a chain of the namespace should hang on now; null where the kernel has no such chains. Throws <see cref="LinuxException"/>, <see cref="IOException"/>.</summary>
    public NftDevices? DevicesIn(NetworkNamespace network)
    {
        ArgumentNullException.ThrowIfNull(network);
        return DevicesOf(Way, network);
    }

    internal static NftEgressWay WayOf(Version kernel) =>
        kernel >= WithNames ? NftEgressWay.ThoseThatMayCome : kernel >= WithInterfaces ? NftEgressWay.ThoseThatAreThere : NftEgressWay.None;

    private static bool IsRefusal(Errno error) => error is Errno.EOPNOTSUPP or Errno.EAFNOSUPPORT or Errno.ENOENT or Errno.EINVAL;

    private static Errno Commit(NftBatch batch, NetworkNamespace network, out IDisposable remains) => batch.TryCommit(network, out remains);

    private static string[] NamesIn(NetworkNamespace network) => Names(network.Run(() => File.ReadAllLines("/proc/thread-self/net/dev")));

    private static string[] Names(string[] lines) =>
        [.. lines.Skip(2).Select(l => l.Split(':')[0].Trim()).Where(n => n is not ("" or "lo"))];

    // Other refusals may be one namespace's, in a moment; they do not speak for a kernel that has held such a chain before.
    private void Learn(NftEgressWay way, NftEgressWay first, bool isPlain)
    {
        bool speaksForTheKernel = isPlain || !_hasHeld;
        _hasHeld |= way != NftEgressWay.None;
        if (way != first && speaksForTheKernel)
        {
            Volatile.Write(ref _way, (int)way);
        }
    }

    private NftDevices? DevicesOf(NftEgressWay way, NetworkNamespace network) => way switch
    {
        NftEgressWay.ThoseThatMayCome => new NftDevices([.. _interfaces(network).Union(Expected)]),
        NftEgressWay.ThoseThatAreThere => new NftDevices(_interfaces(network)),
        _ => null,
    };
}
