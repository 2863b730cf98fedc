using Ambient.Linux.Namespaces;

namespace Ambient.Linux.Netfilter;

/// <summary>
/// Chains that frames meet when they leave by an interface, as far as the running kernel has them: on interfaces that are there
/// (Linux 5.16), on those that come again or later under a name that was to be expected as well (6.16), or not at all. Found out by the first that is written. Thread-safe.
/// </summary>
public static class NftEgress
{
    private const int ThoseThatMayCome = 0;
    private const int ThoseThatAreThere = 1;
    private const int None = 2;
    private const int Attempts = 3;

    /// <summary>
    /// What interfaces of pods are called that are plugged in later. Not the kernel's beginnings of names (6.18): the tool nft of before that never ends
    /// where it meets them.
    /// </summary>
    private static readonly string[] Expected = ["eth0", "eth1", "eth2", "eth3", "net1", "net2", "net3", "net4", "net5", "net6", "net7", "net8"];
    private static int _way = FirstWay();
    private static volatile bool _hasHeld;

    /// <summary>Whether chains can be written here; true until a kernel has said no.</summary>
    public static bool IsSupported => Volatile.Read(ref _way) != None;

    /// <summary>
    /// Brings a batch into force, made once or twice or thrice: with the interfaces that its egress chain should hang on, or with null where the kernel
    /// has none: the chain must then be left out, and a null batch means that nothing remains to be done. See <see cref="NftBatch.TryCommit"/>.
    /// </summary>
    public static Errno TryCommit(NetworkNamespace network, Func<NftDevices?, NftBatch?> make, out IDisposable? remains)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(make);
        int first = Volatile.Read(ref _way);
        int attempt = 0;
        bool isPlain = false;
        for (int way = first; ; way++)
        {
            remains = null;
            Errno error = make(DevicesOf(way, network))?.TryCommit(network, out remains) ?? Errno.None;
            if (error == Errno.None)
            {
                Learn(way, first, isPlain);
            }

            // An interface that went after it was listed.
            bool again = error == Errno.ENOENT && way == ThoseThatAreThere && ++attempt < Attempts;
            if (!again && (way == None || !IsRefusal(error, way)))
            {
                return error;
            }

            remains?.Dispose();
            isPlain |= error is Errno.EOPNOTSUPP or Errno.EAFNOSUPPORT;
            way -= again ? 1 : 0;
        }
    }

    // Other refusals may be one namespace's, in a moment; they do not speak for a kernel that has held such a chain before.
    private static void Learn(int way, int first, bool isPlain)
    {
        _hasHeld |= way != None;
        if (way != first && (way != None || isPlain || !_hasHeld))
        {
            Volatile.Write(ref _way, way);
        }
    }

    /// <summary>The interfaces that a chain of the namespace should hang on now; null where the kernel has no such chains. Throws <see cref="LinuxException"/>, <see cref="IOException"/>.</summary>
    public static NftDevices? DevicesIn(NetworkNamespace network)
    {
        ArgumentNullException.ThrowIfNull(network);
        return DevicesOf(Volatile.Read(ref _way), network);
    }

    private static int FirstWay()
    {
        Version kernel = Environment.OSVersion.Version;
        return kernel >= new Version(6, 16) ? ThoseThatMayCome : kernel >= new Version(5, 16) ? ThoseThatAreThere : None;
    }

    private static bool IsRefusal(Errno error, int way) =>
        error is Errno.EOPNOTSUPP or Errno.EAFNOSUPPORT || (error is Errno.ENOENT or Errno.EINVAL && way != None);

    private static NftDevices? DevicesOf(int way, NetworkNamespace network) => way switch
    {
        ThoseThatMayCome => new NftDevices([.. NamesIn(network).Union(Expected)]),
        ThoseThatAreThere => new NftDevices(NamesIn(network)),
        _ => null,
    };

    private static string[] NamesIn(NetworkNamespace network) => Names(network.Run(() => File.ReadAllLines("/proc/thread-self/net/dev")));

    private static string[] Names(string[] lines) =>
        [.. lines.Skip(2).Select(l => l.Split(':')[0].Trim()).Where(n => n is not ("" or "lo"))];
}
