using System.Diagnostics.CodeAnalysis;

namespace Ambient.Kubernetes.Connections;

/// <summary>Reads kubeconfig files: one or several merged, of which the first that names something counts. Thread-safe.</summary>
public static class KubeConfig
{
    private const int LongestFile = 4 * 1024 * 1024;

    /// <summary>
    /// From <c>KUBECONFIG</c> (files separated by colons), else <c>~/.kube/config</c>. Null, with the file and the field in the error, when it cannot be used.
    /// </summary>
    public static ClusterConnection? Load(IReadOnlyDictionary<string, string> environment, KubeConfigOptions options, TimeProvider time, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(environment);
        string[] files = environment.GetValueOrDefault("KUBECONFIG") is { Length: > 0 } listed
            ? listed.Split(':', StringSplitOptions.RemoveEmptyEntries)
            : environment.GetValueOrDefault("HOME") is { Length: > 0 } home ? [Path.Combine(home, ".kube", "config")] : [];
        return LoadFiles(files, options, time, out error);
    }

    /// <summary>From files; those that do not exist are passed over while one does.</summary>
    public static ClusterConnection? LoadFiles(IReadOnlyList<string> files, KubeConfigOptions options, TimeProvider time, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(files);
        List<KubeConfigFile> read = [];
        foreach (string file in files.Where(File.Exists))
        {
            try
            {
                if (new FileInfo(file).Length > LongestFile)
                {
                    error = $"{file}: longer than {LongestFile} bytes";
                    return null;
                }

                if (KubeConfigFile.Read(file, Path.GetDirectoryName(Path.GetFullPath(file)), File.ReadAllText(file), out error) is not { } one)
                {
                    return null;
                }

                read.Add(one);
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
            {
                error = $"{file}: {unreadable.Message}";
                return null;
            }
        }

        if (read.Count == 0)
        {
            error = files.Count == 0 ? "no kubeconfig: neither KUBECONFIG nor HOME is set" : $"no kubeconfig: {string.Join(", ", files)} does not exist";
            return null;
        }

        return new KubeConfigResolver(read, options, time).Resolve(out error);
    }

    /// <summary>From a text, such as a Secret's value.</summary>
    public static ClusterConnection? Parse(string text, KubeConfigOptions options, TimeProvider time, [NotNullWhen(false)] out string? error) =>
        KubeConfigFile.Read("kubeconfig", null, text, out error) is { } file ? new KubeConfigResolver([file], options, time).Resolve(out error) : null;
}
