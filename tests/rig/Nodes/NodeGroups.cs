using System.Globalization;
using Ambient.Linux.Proc;
using Ambient.Topology.Networks;

namespace Ambient.Rig.Nodes;

/// <summary>Control groups (version 1) of nodes: which hierarchies there must be, and their removal. Thread-safe.</summary>
internal static class NodeGroups
{
    private const string Mount = "/sys/fs/cgroup";
    private static readonly string[] Controllers = ["cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids"];

    /// <summary>Why nodes cannot be made here; null when they can.</summary>
    public static string? Missing()
    {
        string[] missing = [.. Controllers.Where(c => !File.Exists($"{Mount}/{c}/cgroup.procs"))];
        return missing.Length == 0 ? null : $"needs cgroup version 1 with {string.Join(", ", missing)} in {Mount}";
    }

    /// <summary>Removes the groups of a node whose processes are gone.</summary>
    public static void Remove(string name)
    {
        foreach (string folder in All().Where(f => Path.GetFileName(f) == name))
        {
            RemoveFolder(folder);
        }
    }

    /// <summary>Removes what dead runs left.</summary>
    public static void RemoveLeftovers()
    {
        foreach (string folder in All())
        {
            if (RunId.TryParse(Path.GetFileName(folder), out RunId? run, out _) && !run!.IsAlive())
            {
                RemoveFolder(folder);
            }
        }
    }

    private static IEnumerable<string> All()
    {
        string[] own = File.ReadAllLines("/proc/self/cgroup");
        foreach (string controller in Controllers.Append("systemd"))
        {
            string? here = own.Select(l => l.Split(':', 3)).FirstOrDefault(p => p[1] == controller || p[1] == "name=" + controller)?[2];
            string folder = Mount + "/" + controller + here;
            foreach (string group in here is not null && Directory.Exists(folder) ? Directory.GetDirectories(folder) : [])
            {
                yield return group;
            }
        }
    }

    /// <summary>Deepest first; a group goes when its last process has gone, which may take a moment after it was killed.</summary>
    private static void RemoveFolder(string folder)
    {
        foreach (string below in Directory.GetDirectories(folder))
        {
            RemoveFolder(below);
        }

        for (int attempt = 0; attempt < 200 && Directory.Exists(folder); attempt++)
        {
            try
            {
                foreach (string process in File.ReadAllLines(folder + "/cgroup.procs"))
                {
                    _ = ProcessSignal.Send(int.Parse(process, CultureInfo.InvariantCulture), ProcessSignal.Kill);
                }

                Directory.Delete(folder);
            }
            catch (IOException)
            {
                using var moment = new ManualResetEventSlim();
                moment.Wait(10);
            }
        }
    }
}
