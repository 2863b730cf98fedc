using Ambient.Cni.Agent.Pods;
using Ambient.Linux;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Agent.Discovery;

/// <summary>Which processes of which pods live in which network namespaces: one walk through <c>/proc</c>, shared for a moment. Thread-safe.</summary>
public sealed class ProcessTable
{
    private readonly string _proc;
    private readonly NetworkIdentity _node;
    private readonly TimeProvider _time;
    private readonly TimeSpan _life;
    private readonly Lock _lock = new();
    private Dictionary<string, List<PodProcess>> _byPod = new(StringComparer.Ordinal);
    private long _readAt;

    /// <summary>Reads below a proc directory, such as <c>/host/proc</c>; a walk serves for <paramref name="life"/>.</summary>
    public ProcessTable(string proc, NetworkIdentity node, TimeProvider time, TimeSpan life) => (_proc, _node, _time, _life) = (proc, node, time, life);

    /// <summary>This moment, for <see cref="Of"/>.</summary>
    public long Now => _time.GetTimestamp();

    /// <summary>Walks so far.</summary>
    public int Walks { get; private set; }

    /// <summary>
    /// The processes of a pod, the oldest first; those in the node's own namespace are left out. By a walk that began after <paramref name="asked"/>, which
    /// serves all who had asked before it began; without that, by one that is not too old.
    /// </summary>
    public IReadOnlyList<PodProcess> Of(string podUid, long? asked = null)
    {
        lock (_lock)
        {
            if (Walks == 0 || (asked is { } at ? _readAt < at : _time.GetElapsedTime(_readAt) > _life))
            {
                long begun = _time.GetTimestamp();
                _byPod = Walk();
                _readAt = begun;
                Walks++;
            }

            return _byPod.GetValueOrDefault(podUid) is { } found ? [.. found.OrderBy(p => p.Start)] : [];
        }
    }

    private Dictionary<string, List<PodProcess>> Walk()
    {
        var byPod = new Dictionary<string, List<PodProcess>>(StringComparer.Ordinal);
        foreach (string directory in Directory.EnumerateDirectories(_proc))
        {
            string pid = Path.GetFileName(directory);
            if (!pid.All(char.IsAsciiDigit) || Read(pid, "cgroup") is not { } cgroup || !CgroupText.TryRead(cgroup, out string? uid, out _, out _) || uid is null)
            {
                continue;
            }

            if (IdentityOf(pid) is { } network && network != _node && Read(pid, "stat") is { } stat && ProcStat.TryReadStart(stat, out long start))
            {
                if (!byPod.TryGetValue(uid, out List<PodProcess>? processes))
                {
                    byPod[uid] = processes = [];
                }

                // One process per namespace is enough, the oldest.
                int same = processes.FindIndex(p => p.Network == network);
                if (same < 0)
                {
                    processes.Add(new PodProcess(network, start, Path.Combine(_proc, pid, "ns/net")));
                }
                else if (start < processes[same].Start)
                {
                    processes[same] = new PodProcess(network, start, Path.Combine(_proc, pid, "ns/net"));
                }
            }
        }

        return byPod;
    }

    private NetworkIdentity? IdentityOf(string pid)
    {
        try
        {
            using NetworkNamespace network = NetworkNamespace.Open(Path.Combine(_proc, pid, "ns/net"));
            return new NetworkIdentity(network.Device, network.Inode);
        }
        catch (LinuxException)
        {
            return null;
        }
    }

    // Small files, and processes end while they are read.
    private string? Read(string pid, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(_proc, pid, file));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
