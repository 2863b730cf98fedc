using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Sockets;

namespace Ambient.Component.Tests.Linux;

/// <summary>Threads, sockets and network namespaces with a real kernel.</summary>
public sealed class NamespaceTests
{
    [RootFact]
    [Trait("behaviour", "ZT-254")]
    public void Run_SeesThatNamespace_AndComesBack()
    {
        using NetworkNamespace home = NetworkNamespace.Current();
        using NetworkNamespace pod = NetworkNamespace.Create();
        Assert.False(home.IsSameAs(pod));
        string outside = File.ReadAllText("/proc/thread-self/net/dev");
        string inside = pod.Run(() => File.ReadAllText("/proc/thread-self/net/dev"));
        Assert.DoesNotContain("eth0", inside, StringComparison.Ordinal);
        Assert.NotEqual(outside, inside);
        AssertHere(home);
    }

    [RootFact]
    public void Run_ThatThrows_ComesBack_AlsoWhenNested()
    {
        using NetworkNamespace home = NetworkNamespace.Current();
        using NetworkNamespace a = NetworkNamespace.Create();
        using NetworkNamespace b = NetworkNamespace.Create();
        Assert.Throws<InvalidOperationException>(() => a.Run<int>(() => throw new InvalidOperationException()));
        AssertHere(home);
        a.Run(() =>
        {
            AssertHere(a);
            Assert.Throws<InvalidOperationException>(() => b.Run<int>(() =>
            {
                AssertHere(b);
                throw new InvalidOperationException();
            }));
            AssertHere(a);
            home.Run(() =>
            {
                AssertHere(home);
                return 0;
            });
            return 0;
        });
        AssertHere(home);
    }

    [RootFact]
    public void ManyThreads_OpenSocketsInTheirPods_AndNoThreadStaysBehind()
    {
        const int Threads = 8, Rounds = 300, Pods = 4;
        using NetworkNamespace home = NetworkNamespace.Current();
        NetworkNamespace[] pods = [.. Enumerable.Range(0, Pods).Select(_ => NetworkNamespace.Create())];
        var factories = pods.Select(p => new SocketFactory(p, new SocketOptions { Transparent = TransparentMode.Never })).ToArray();
        int wrong = 0, leaked = 0;
        var threads = Enumerable.Range(0, Threads).Select(t => new Thread(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                int fd = (int)factories[(i + t) % Pods].OpenDatagram(true).OrThrow("socket", "pod");
                if (!SocketNamespace(fd).IsSameAs(pods[(i + t) % Pods]))
                {
                    Interlocked.Increment(ref wrong);
                }

                SocketIo.Close(fd);
                using NetworkNamespace here = NetworkNamespace.Current();
                if (!here.IsSameAs(home))
                {
                    Interlocked.Increment(ref leaked);
                }
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        Assert.Equal((0, 0), (wrong, leaked));

        foreach (string task in Directory.GetDirectories("/proc/self/task"))
        {
            string link = File.ResolveLinkTarget(Path.Combine(task, "ns/net"), false)?.Name ?? string.Empty;
            Assert.True(link.Length == 0 || link == $"net:[{home.Inode}]", $"{task} is in {link}");
        }

        Array.ForEach(pods, p => p.Dispose());
    }

    [RootFact]
    public void ClosedNamespace_IsNeverEntered()
    {
        NetworkNamespace pod = NetworkNamespace.Create();
        var factory = new SocketFactory(pod, new SocketOptions());
        pod.Dispose();
        Assert.True(factory.OpenStream(true, null).Is(Errno.EBADF));
        Assert.Throws<LinuxException>(() => pod.Run(() => 1));
    }

    [RootFact]
    public void NotANamespace_IsRefusedWithAHint()
    {
        using NetworkNamespace file = NetworkNamespace.Open("/proc/self/stat");
        LinuxException e = Assert.Throws<LinuxException>(() => file.Run(() => 1));
        Assert.Contains("not of a network namespace", e.Message, StringComparison.Ordinal);
    }

    [RootFact]
    [Trait("behaviour", "ZT-252")]
    [Trait("behaviour", "ZT-253")]
    public void PodSockets_CarryMarkAndPortReuseAsConfigured()
    {
        const int Socket = 1, Mark = 36, ReusePort = 15, Ip = 0, Transparent = 19;
        using NetworkNamespace pod = NetworkNamespace.Create();
        foreach (bool reuse in new[] { true, false })
        {
            var factory = new SocketFactory(pod, new SocketOptions { Mark = 123, ReusePort = reuse });
            int tcp = (int)factory.Listen(SocketAddress.AnyIPv4, 16, out bool transparent).OrThrow("listen", "pod");
            int udp = (int)factory.OpenDatagram(SocketAddress.AnyIPv4).OrThrow("bind", "pod");
            int outgoing = (int)factory.OpenStream(true, null).OrThrow("socket", "pod");
            int query = (int)factory.OpenDatagram(true).OrThrow("socket", "pod");
            Assert.True(transparent);
            Assert.Equal(1, Option(tcp, Ip, Transparent));
            Assert.Equal([123, 123, 123, 123], new[] { tcp, udp, outgoing, query }.Select(fd => Option(fd, Socket, Mark)));
            Assert.Equal([reuse ? 1 : 0, reuse ? 1 : 0, 0, 0], new[] { tcp, udp, outgoing, query }.Select(fd => Option(fd, Socket, ReusePort)));
            Array.ForEach([tcp, udp, outgoing, query], fd => SocketIo.Close(fd));
        }
    }

    [RootFact]
    public void SpoofedSource_IsBound_ThoughNobodyOwnsIt()
    {
        using NetworkNamespace pod = NetworkNamespace.Create();
        var factory = new SocketFactory(pod, new SocketOptions());
        foreach (string source in new[] { "10.99.1.2:77", "[2001:db8::7]:77" })
        {
            Assert.True(SocketAddress.TryParse(source, out SocketAddress address));
            int fd = (int)factory.OpenStream(address.IsIPv4, address, out SysResult spoofing).OrThrow("socket", "pod");
            Assert.False(spoofing.IsError, spoofing.ToString());
            SocketIo.LocalAddress(fd, out SocketAddress bound).OrThrow("getsockname", "pod");
            Assert.True(bound.HasSameAddress(address));
            SocketIo.Close(fd);
        }
    }

    private static void AssertHere(NetworkNamespace expected)
    {
        using NetworkNamespace here = NetworkNamespace.Current();
        Assert.True(here.IsSameAs(expected), $"{here} instead of {expected}");
    }

    /// <summary>Which namespace a socket lives in, by asking the kernel: SIOCGSKNS.</summary>
    private static NetworkNamespace SocketNamespace(int fd) => KernelQueries.NamespaceOfSocket(fd);

    private static int Option(int fd, int level, int option) => KernelQueries.Option(fd, level, option);
}
