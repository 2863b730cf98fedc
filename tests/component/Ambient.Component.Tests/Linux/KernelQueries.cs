using System.Net.Sockets;
using System.Runtime.InteropServices;
using Ambient.Linux.Descriptors;
using Ambient.Linux.Namespaces;

namespace Ambient.Component.Tests.Linux;

/// <summary>What the kernel says about a descriptor, asked by another way than the product's.</summary>
internal static partial class KernelQueries
{
    private const nuint SIOCGSKNS = 0x894c;

    public static NetworkNamespace NamespaceOfSocket(int fd)
    {
        int ns = ioctl(fd, SIOCGSKNS);
        Assert.True(ns >= 0, "ioctl SIOCGSKNS failed");
        return NetworkNamespace.FromDescriptor(new FileDescriptor(ns));
    }

    public static int Option(int fd, int level, int option)
    {
        using var socket = new Socket(new SafeSocketHandle(fd, ownsHandle: false));
        Span<byte> value = stackalloc byte[sizeof(int)];
        socket.GetRawSocketOption(level, option, value);
        return MemoryMarshal.Read<int>(value);
    }

    [LibraryImport("libc")]
    private static partial int ioctl(int fd, nuint request);
}
