using System.Globalization;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Proc;
using Ambient.Topology.Processes;

namespace Ambient.Topology.Networks;

/// <summary>Finds and removes what runs left behind: processes, namespaces, resolver files, directories. Thread-safe.</summary>
public static class Leftovers
{
    private const string Namespaces = "/run/netns";

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    /// <summary>Every run of a purpose that has left a trace, dead or alive.</summary>
    public static IReadOnlyList<RunId> Runs(string purpose)
    {
        IEnumerable<string> names = NamesIn(Namespaces).Concat(Resolver.Names()).Concat(NamesIn(RunId.Root));
        var runs = new SortedDictionary<string, RunId>(StringComparer.Ordinal);
        foreach (string name in names)
        {
            if (RunId.TryParse(name, out RunId? run, out _) && run!.Purpose == purpose)
            {
                runs[run.Text] = run;
            }
        }

        return [.. runs.Values];
    }

    /// <summary>Removes what dead runs of a purpose left; returns how many there were.</summary>
    public static int Remove(string purpose)
    {
        int removed = 0;
        foreach (RunId run in Runs(purpose))
        {
            if (!run.IsAlive())
            {
                RemoveRun(run);
                removed++;
            }
        }

        return removed;
    }

    /// <summary>Removes one run, whoever owns it: ends its processes, then removes namespaces and files.</summary>
    public static void RemoveRun(RunId run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var names = NamesIn(Namespaces).Where(n => BelongsTo(n, run)).ToList();
        EndProcesses(names, graceful: true);
        foreach (string name in names)
        {
            Command.Run("ip", ["netns", "del", name]);
        }

        foreach (string name in Resolver.Names().Where(n => BelongsTo(n, run)))
        {
            Resolver.Remove(name);
        }

        RemoveDirectory(run.Directory);
    }

    /// <summary>The owner may be removing it at the same time; what counts is that it is gone.</summary>
    private static void RemoveDirectory(string path)
    {
        for (int attempt = 0; Directory.Exists(path); attempt++)
        {
            try
            {
                Directory.Delete(path, recursive: true);
            }
            catch (Exception e) when (attempt < 10 && e is IOException or UnauthorizedAccessException)
            {
                Thread.Yield();
            }
        }
    }

    /// <summary>Removes one namespace with its processes.</summary>
    public static void RemoveNamespace(string name, bool graceful)
    {
        EndProcesses([name], graceful);
        Command.Run("ip", ["netns", "del", name]);
        Resolver.Remove(name);
    }

    /// <summary>The processes whose network is one of the named namespaces. A namespace that is gone has none.</summary>
    public static IReadOnlyList<int> ProcessesIn(IReadOnlyCollection<string> namespaceNames)
    {
        ArgumentNullException.ThrowIfNull(namespaceNames);
        var wanted = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in namespaceNames)
        {
            try
            {
                using NetworkNamespace open = VirtualNetwork.OpenNamespace(name);
                wanted.Add(string.Create(CultureInfo.InvariantCulture, $"net:[{open.Inode}]"));
            }
            catch (LinuxException)
            {
                // Removed meanwhile.
            }
        }

        var found = new List<int>();
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int process)
                && NamespaceOf(directory) is string inside
                && wanted.Contains(inside)
                && process != Environment.ProcessId)
            {
                found.Add(process);
            }
        }

        return found;
    }

    private static void EndProcesses(List<string> namespaceNames, bool graceful)
    {
        if (namespaceNames.Count == 0)
        {
            return;
        }

        if (graceful && Signal(namespaceNames, ProcessSignal.Terminate) > 0)
        {
            WaitUntilGone(namespaceNames, Grace);
        }

        // A process may start another while it is being killed, hence rounds.
        for (int round = 0; round < 5 && Signal(namespaceNames, ProcessSignal.Kill) > 0; round++)
        {
            WaitUntilGone(namespaceNames, Grace);
        }
    }

    private static int Signal(List<string> namespaceNames, int signal)
    {
        IReadOnlyList<int> processes = ProcessesIn(namespaceNames);
        foreach (int process in processes)
        {
            _ = ProcessSignal.Send(process, signal);
        }

        return processes.Count;
    }

    private static void WaitUntilGone(List<string> namespaceNames, TimeSpan limit)
    {
        using var deadline = new CancellationTokenSource(limit);
        while (!deadline.IsCancellationRequested && ProcessesIn(namespaceNames).Count > 0)
        {
            deadline.Token.WaitHandle.WaitOne(20);
        }
    }

    private static bool BelongsTo(string name, RunId run) => RunId.TryParse(name, out RunId? owner, out _) && owner!.Text == run.Text;

    private static List<string> NamesIn(string directory) =>
        Directory.Exists(directory) ? Directory.EnumerateFileSystemEntries(directory).Select(e => Path.GetFileName(e)).ToList() : [];

    private static string? NamespaceOf(string processDirectory)
    {
        try
        {
            return File.ResolveLinkTarget(processDirectory + "/ns/net", returnFinalTarget: false) is FileSystemInfo link ? Path.GetFileName(link.FullName) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
