using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Ambient.Linux.Descriptors;
using Ambient.Linux.Native;

namespace Ambient.Linux.Namespaces;

/// <summary>An open network namespace and its identity (device, inode). Thread-safe.</summary>
public sealed unsafe class NetworkNamespace : IDisposable
{
    /// <summary>Where this thread is; null until somebody asks. Only this folder ever moves a thread.</summary>
    [ThreadStatic]
    private static NetworkNamespace? _ofThread;

    private readonly FileDescriptor _descriptor;

    private NetworkNamespace(FileDescriptor descriptor, string name)
    {
        _descriptor = descriptor;
        Name = name;
        Libc.statx_buffer buffer = default;
        byte empty = 0;
        SysResult.From(Libc.statx(descriptor.Number, &empty, Libc.AT_EMPTY_PATH, Libc.STATX_INO, &buffer)).OrThrow("statx", name);
        Inode = buffer.stx_ino;
        Device = ((ulong)buffer.stx_dev_major << 32) | buffer.stx_dev_minor;
    }

    private NetworkNamespace(FileDescriptor descriptor, NetworkNamespace original) =>
        (_descriptor, Name, Device, Inode) = (descriptor, original.Name, original.Device, original.Inode);

    /// <summary>Where it was opened from, for messages.</summary>
    public string Name { get; }

    /// <summary>Device of the namespace file: major number in the upper half.</summary>
    public ulong Device { get; }

    /// <summary>Inode of the namespace file; device and inode together identify a namespace while anyone holds it open.</summary>
    public ulong Inode { get; }

    /// <summary>The plain descriptor, valid until Dispose.</summary>
    public int Descriptor => _descriptor.Number;

    /// <summary>Whether it was disposed.</summary>
    public bool IsClosed => _descriptor.IsClosed;

    /// <summary>Opens a path such as /run/netns/x or /proc/7/ns/net. Throws <see cref="LinuxException"/>.</summary>
    /// <remarks>Descriptors of namespaces are many and live long, so they leave the low numbers to libraries that cannot do with high ones.</remarks>
    public static NetworkNamespace Open(string path) => Adopt(FileDescriptor.OpenRead(path).MovedUp(), path);

    /// <summary>Opens the namespace of a process. Throws <see cref="LinuxException"/>.</summary>
    public static NetworkNamespace OfProcess(int processId) =>
        Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/ns/net"));

    /// <summary>Takes ownership of a descriptor, such as one received from the node agent. Throws <see cref="LinuxException"/>.</summary>
    public static NetworkNamespace FromDescriptor(FileDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        return Adopt(descriptor, "fd " + descriptor.Number.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The namespace of the calling thread, read from the kernel. Throws <see cref="LinuxException"/>.</summary>
    public static NetworkNamespace Current() => Open("/proc/thread-self/ns/net");

    /// <summary>Makes a new, empty namespace (its loopback is down). The calling thread stays where it is. Throws <see cref="LinuxException"/>.</summary>
    public static NetworkNamespace Create()
    {
        NetworkNamespace? made = null;
        Exception? fault = null;

        // unshare moves a whole thread, so one is spent on it.
        var thread = new Thread(() =>
        {
            try
            {
                SysResult.From(Libc.unshare(Libc.CLONE_NEWNET)).OrThrow("unshare", "CLONE_NEWNET");
                made = Current();
            }
            catch (LinuxException e)
            {
                fault = e;
            }
        })
        {
            IsBackground = true,
        };
        thread.Start();
        thread.Join();
        return made ?? throw fault!;
    }

    /// <summary>The same namespace for an owner of its own. Throws <see cref="LinuxException"/>.</summary>
    public NetworkNamespace Duplicate() => new(_descriptor.Duplicate().MovedUp(), this);

    /// <summary>Whether both are the same namespace, however they were opened.</summary>
    public bool IsSameAs(NetworkNamespace other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Inode == other.Inode && Device == other.Device;
    }

    /// <summary>
    /// Runs the function with the calling thread inside this namespace and returns it afterwards, also when it throws. The
    /// function must neither wait nor start threads or tasks: a new thread would inherit the namespace.
    /// Throws <see cref="LinuxException"/> when the namespace cannot be entered; ends the process when the thread cannot return.
    /// </summary>
    public T Run<T>(Func<T> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        using NamespaceScope scope = NamespaceScope.Enter(this, out SysResult entered);
        entered.OrThrow("setns", Name);
        return function();
    }

    /// <summary>
    /// Moves the calling thread here for good: for threads whose whole life belongs to this namespace, and for programs that
    /// run in one. Threads that it starts follow. Throws <see cref="LinuxException"/>.
    /// </summary>
    public void MoveThread()
    {
        SysResult.From(Libc.setns(Descriptor, Libc.CLONE_NEWNET)).OrThrow("setns", Name);
        _ofThread = null;
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();

    /// <summary>The name and the identity.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} (net:[{Inode}])");

    /// <summary>setns with the descriptor held: were it closed meanwhile, its number could already mean another pod.</summary>
    internal SysResult TryEnter()
    {
        bool held = false;
        try
        {
            _descriptor.DangerousAddRef(ref held);
            return SysResult.From(Libc.setns(_descriptor.Number, Libc.CLONE_NEWNET));
        }
        catch (ObjectDisposedException)
        {
            return SysResult.Failure(Errno.EBADF);
        }
        finally
        {
            if (held)
            {
                _descriptor.DangerousRelease();
            }
        }
    }

    /// <summary>Where the thread is; its first look takes a descriptor, and there may be none left.</summary>
    internal static bool TryGetOfThread([NotNullWhen(true)] out NetworkNamespace? current, out SysResult result)
    {
        result = default;
        try
        {
            current = _ofThread ??= Current();
        }
        catch (LinuxException e)
        {
            result = SysResult.Failure(e.Errno);
            current = null;
        }

        return current is not null;
    }

    internal static void SetOfThread(NetworkNamespace value) => _ofThread = value;

    private static NetworkNamespace Adopt(FileDescriptor descriptor, string name)
    {
        try
        {
            return new NetworkNamespace(descriptor, name);
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }
}
