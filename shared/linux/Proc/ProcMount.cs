using System.Globalization;
using Ambient.Linux.Descriptors;
using Ambient.Linux.Native;

namespace Ambient.Linux.Proc;

/// <summary>
/// A mount of procfs of our own, seen by nobody else and gone with its descriptor. Container runtimes make <c>/proc/sys</c> read-only, in whatever network
/// namespace one stands; who has CAP_SYS_ADMIN writes the switches of a namespace through this. Linux 5.2. Thread-safe.
/// </summary>
public sealed class ProcMount : IDisposable
{
    private readonly FileDescriptor _root;

    private ProcMount(FileDescriptor root) => _root = root;

    /// <summary>Where files are reached, valid until Dispose: stands for <c>/proc</c>.</summary>
    public string Path => string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{_root.Number}");

    /// <summary>Mounts it. Throws <see cref="LinuxException"/>.</summary>
    public static unsafe ProcMount Open()
    {
        fixed (byte* type = "proc\0"u8)
        {
            using var context = new FileDescriptor((int)SysResult.From(Libc.fsopen(Libc.SYS_fsopen, type, Libc.FSOPEN_CLOEXEC)).OrThrow("fsopen", "proc"));
            SysResult.From(Libc.fsconfig(Libc.SYS_fsconfig, context.Number, Libc.FSCONFIG_CMD_CREATE, null, null, 0)).OrThrow("fsconfig", "proc");
            nint mounted = SysResult.From(Libc.fsmount(Libc.SYS_fsmount, context.Number, Libc.FSMOUNT_CLOEXEC, Libc.MOUNT_ATTR_NOSUID | Libc.MOUNT_ATTR_NODEV | Libc.MOUNT_ATTR_NOEXEC)).OrThrow("fsmount", "proc");
            return new ProcMount(new FileDescriptor((int)mounted));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _root.Dispose();
}
