using Ambient.Cli.Sandbox;

namespace Ambient.Cli.Commands;

/// <summary>Finds the mesh's other programs, which are started and never linked.</summary>
internal static class ProgramLocation
{
    /// <summary>
    /// Each at its given path, at AMBIENT_ZTUNNEL, AMBIENT_CNI_AGENT, AMBIENT_CNI_PLUGIN, AMBIENT_CONTROL_PLANE, AMBIENT_WAYPOINT and AMBIENT_BOOKSHOP, in the directory of this program, or where the build puts it
    /// (same configuration first). Null with a line for each that is nowhere.
    /// </summary>
    public static SandboxPrograms? Find(string? ztunnel, List<string> missing)
    {
        int before = missing.Count;
        string proxy = Find("ztunnel", "Ambient.Ztunnel", "AMBIENT_ZTUNNEL", ztunnel, missing);
        string agent = Find("ambient-cni-agent", "Ambient.Cni.Agent", "AMBIENT_CNI_AGENT", null, missing);
        string plugin = Find("ambient-cni", "Ambient.Cni.Plugin", "AMBIENT_CNI_PLUGIN", null, missing);
        string plane = Find("ambientd", "Ambient.ControlPlane", "AMBIENT_CONTROL_PLANE", null, missing);
        string waypoint = Find("waypoint", "Ambient.Waypoint", "AMBIENT_WAYPOINT", null, missing);
        string bookshop = Find("bookshop", "Ambient.Bookshop", "AMBIENT_BOOKSHOP", null, missing);
        return missing.Count == before ? new SandboxPrograms(proxy, agent, plugin, plane, waypoint, bookshop) : null;
    }

    private static string Find(string name, string project, string variable, string? given, List<string> missing)
    {
        if (given is not null || Environment.GetEnvironmentVariable(variable) is { Length: > 0 })
        {
            string path = Path.GetFullPath(given ?? Environment.GetEnvironmentVariable(variable)!);
            if (File.Exists(path))
            {
                return path;
            }

            missing.Add($"there is no {name} at {path}");
            return "";
        }

        string here = AppContext.BaseDirectory;
        string configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(here));
        string[] candidates =
        [
            Path.Combine(here, name),
            Path.Combine(here, "../..", project, configuration, name),
            Path.Combine(here, "../..", project, "release", name),
            Path.Combine(here, "../..", project, "debug", name),
        ];
        if (candidates.Select(Path.GetFullPath).FirstOrDefault(File.Exists) is { } found)
        {
            return Published(here, name, found) ?? found;
        }

        missing.Add($"the program {name} is not where it should be (./ambient build, or {variable}=PATH)");
        return "";
    }

    /// <summary>The form that is shipped (eng/publish.sh), unless it is older than what was built.</summary>
    private static string? Published(string here, string name, string built)
    {
        string path = Path.GetFullPath(Path.Combine(here, "../../../publish", name switch { "ambient-cni" => "plugin", "ambient-cni-agent" => "agent", _ => name }, name));
        string code = File.Exists(built + ".dll") ? built + ".dll" : built;
        return File.Exists(path) && File.GetLastWriteTimeUtc(path) >= File.GetLastWriteTimeUtc(code) ? path : null;
    }
}
