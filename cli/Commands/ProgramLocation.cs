namespace Ambient.Cli.Commands;

/// <summary>Finds the ztunnel program.</summary>
internal static class ProgramLocation
{
    /// <summary>
    /// The given path, AMBIENT_ZTUNNEL, the directory of this program, or where the build puts it (same configuration first); null when it is
    /// nowhere.
    /// </summary>
    public static string? FindZtunnel(string? given)
    {
        if (given is not null || Environment.GetEnvironmentVariable("AMBIENT_ZTUNNEL") is { Length: > 0 })
        {
            string path = Path.GetFullPath(given ?? Environment.GetEnvironmentVariable("AMBIENT_ZTUNNEL")!);
            return File.Exists(path) ? path : null;
        }

        string here = AppContext.BaseDirectory;
        string configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(here));
        string[] candidates =
        [
            Path.Combine(here, "ztunnel"),
            Path.Combine(here, "../../../publish/ztunnel/ztunnel"),
            Path.Combine(here, "../../Ambient.Ztunnel", configuration, "ztunnel"),
            Path.Combine(here, "../../Ambient.Ztunnel/release/ztunnel"),
            Path.Combine(here, "../../Ambient.Ztunnel/debug/ztunnel"),
        ];
        return candidates.Select(Path.GetFullPath).FirstOrDefault(File.Exists);
    }
}
