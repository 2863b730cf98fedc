using Ambient.Topology.Processes;

namespace Ambient.Rig;

/// <summary>The repository that this build came from: its scripts and what they make. Thread-safe.</summary>
public static class Repository
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Its root folder. Throws <see cref="DirectoryNotFoundException"/> outside of one.</summary>
    public static string Root { get; } = Find();

    /// <summary>The archive of an image; built when it is not there.</summary>
    public static async Task<string> ImageAsync(string name)
    {
        string archive = Path.Combine(Root, "artifacts", "images", name + ".tar");
        if (!File.Exists(archive))
        {
            (await Command.RunAsync("bash", [Path.Combine(Root, "eng", "images.sh"), name], deadline: Patience)).OrThrow();
        }

        return archive;
    }

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Ambient.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("no Ambient.sln above " + AppContext.BaseDirectory);
    }
}
