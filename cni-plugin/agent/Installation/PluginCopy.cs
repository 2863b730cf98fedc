namespace Ambient.Cni.Agent.Installation;

/// <summary>
/// The plugin in the runtime's folder: compared with ours, and put back when somebody deleted, replaced or disabled it. A configuration that names a
/// missing plugin keeps pods from starting and from ending (cni-and-redirection.md 2.5). Remembers what it has compared, so that a look costs two calls
/// of the kernel. Not thread-safe.
/// </summary>
internal sealed class PluginCopy(string? binFolder, string? source)
{
    private Stamp? _sound;

    private string Target => Path.Combine(binFolder!, Conflist.PluginType);

    /// <summary>Null when the runtime would start our plugin, or when it is not ours to copy; else what is wrong.</summary>
    public string? Check()
    {
        if (binFolder is null || source is null)
        {
            return null;
        }

        if (Stamp.Of(Target) is not { } now)
        {
            return $"{Target} is not there: no pod of the node could start or end";
        }

        if (now == _sound)
        {
            return null;
        }

        if (now.Mode != File.GetUnixFileMode(source) || !HasContentOf(source))
        {
            return $"{Target} is not the agent's plugin";
        }

        _sound = now;
        return null;
    }

    /// <summary>Copies it when it is not there as it should be. Throws <see cref="IOException"/> and <see cref="UnauthorizedAccessException"/>.</summary>
    public void Ensure()
    {
        if (binFolder is null || source is null)
        {
            return;
        }

        AtomicFile.Sweep(Target);
        if (Check() is not null)
        {
            AtomicFile.Write(Target, File.ReadAllBytes(source), File.GetUnixFileMode(source));
            _sound = Stamp.Of(Target);
        }
    }

    /// <summary>Takes it away. Throws <see cref="IOException"/> and <see cref="UnauthorizedAccessException"/>.</summary>
    public void Remove()
    {
        if (binFolder is not null)
        {
            File.Delete(Target);
        }
    }

    private bool HasContentOf(string other)
    {
        using FileStream ours = File.OpenRead(other), theirs = File.OpenRead(Target);
        if (ours.Length != theirs.Length)
        {
            return false;
        }

        byte[] a = new byte[64 * 1024], b = new byte[a.Length];
        while (true)
        {
            int read = ours.ReadAtLeast(a, a.Length, throwOnEndOfStream: false);
            if (read != theirs.ReadAtLeast(b, b.Length, throwOnEndOfStream: false) || !a.AsSpan(0, read).SequenceEqual(b.AsSpan(0, read)))
            {
                return false;
            }

            if (read == 0)
            {
                return true;
            }
        }
    }

    private sealed record Stamp(long Length, DateTime WrittenAt, UnixFileMode Mode)
    {
        public static Stamp? Of(string path)
        {
            var file = new FileInfo(path);
            return file.Exists ? new Stamp(file.Length, file.LastWriteTimeUtc, file.UnixFileMode) : null;
        }
    }
}
