using Ambient.Linux.Native;

namespace Ambient.Linux.Sockets;

/// <summary>Paths as addresses of AF_UNIX.</summary>
internal static unsafe class UnixAddress
{
    private const int PathCapacity = 108;

    /// <summary>Writes sockaddr_un; its length. Throws <see cref="LinuxException"/> when the path is too long.</summary>
    public static uint Write(string path, byte* destination)
    {
        byte[] name = NativeText.ZeroTerminated(path);
        if (name.Length > PathCapacity)
        {
            throw new LinuxException("bind", path, Errno.ENAMETOOLONG);
        }

        var address = (Libc.sockaddr_un*)destination;
        *address = default;
        address->sun_family = Libc.AF_UNIX;
        name.CopyTo(new Span<byte>(address->sun_path, PathCapacity));
        return (uint)(sizeof(ushort) + name.Length);
    }
}
