namespace Ambient.Rig;

/// <summary>Where eng/kubernetes-binaries.sh puts Kubernetes; AMBIENT_KUBERNETES_BIN names another folder, such as one with a newer version.</summary>
public static class KubernetesBinaries
{
    private const string Build = "kubernetes-1.20.2-2";

    /// <summary>The folder.</summary>
    public static string Folder => Variable("AMBIENT_KUBERNETES_BIN")
        ?? Path.Combine(Variable("AMBIENT_CACHE") ?? Path.Combine(Variable("XDG_CACHE_HOME") ?? Path.Combine(Variable("HOME") ?? "/root", ".cache"), "ambient"), Build, "bin");

    /// <summary>Why the programs cannot be used; null when all are there.</summary>
    public static string? Missing(params ReadOnlySpan<string> programs)
    {
        List<string> missing = [];
        foreach (string program in programs)
        {
            if (!File.Exists(Path.Combine(Folder, program)))
            {
                missing.Add(program);
            }
        }

        return missing.Count == 0 ? null : $"needs {string.Join(", ", missing)} in {Folder} (eng/kubernetes-binaries.sh builds them, about five minutes)";
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
