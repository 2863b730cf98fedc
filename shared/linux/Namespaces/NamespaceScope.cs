using Ambient.Linux.Native;

namespace Ambient.Linux.Namespaces;

/// <summary>The calling thread's visit to another network namespace; Dispose brings it home.</summary>
/// <remarks>
/// Nothing may be done inside that could start a thread (a thread inherits the namespace of its creator): system calls only.
/// </remarks>
internal readonly ref struct NamespaceScope
{
    private readonly NetworkNamespace? _previous;

    private NamespaceScope(NetworkNamespace? previous) => _previous = previous;

    /// <summary>Enters; a null target, or the one the thread is in, costs nothing.</summary>
    public static NamespaceScope Enter(NetworkNamespace? target, out SysResult result)
    {
        result = default;
        if (target is null)
        {
            return default;
        }

        if (!NetworkNamespace.TryGetOfThread(out NetworkNamespace? current, out result))
        {
            return default;
        }

        if (target.IsSameAs(current))
        {
            return default;
        }

        result = target.TryEnter();
        if (result.IsError)
        {
            return default;
        }

        NetworkNamespace.SetOfThread(target);
        return new NamespaceScope(current);
    }

    /// <summary>Returns; a thread that cannot return must not live on, it would open sockets in the wrong pod.</summary>
    public void Dispose()
    {
        if (_previous is null)
        {
            return;
        }

        SysResult returned = SysResult.From(Libc.setns(_previous.Descriptor, Libc.CLONE_NEWNET));
        if (returned.IsError)
        {
            Environment.FailFast("Cannot return from a pod's network namespace: " + returned);
        }

        NetworkNamespace.SetOfThread(_previous);
    }
}
