namespace Ambient.Cni.Agent.Installation;

/// <summary>The folder that the container runtime takes its CNI configuration from.</summary>
public sealed class ConfigurationFolder(string path)
{
    private const long LongestFile = 1024 * 1024;

    /// <summary>Path of a file in it.</summary>
    public string PathOf(string name) => Path.Combine(path, name);

    /// <summary>Usable files in the order in which a runtime takes them: the first one wins. Throws <see cref="IOException"/> when the folder cannot be read.</summary>
    public IReadOnlyList<(string Name, string Text)> Candidates()
    {
        List<(string, string)> candidates = [];
        foreach (string name in Directory.EnumerateFiles(path).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal))
        {
            bool isList = name.EndsWith(".conflist", StringComparison.Ordinal);
            if ((isList || name.EndsWith(".conf", StringComparison.Ordinal)) && Read(name) is { } text && Conflist.IsUsable(text, isList, out _))
            {
                candidates.Add((name, text));
            }
        }

        return candidates;
    }

    /// <summary>A file's text; null when it is not there or cannot be one.</summary>
    public string? Read(string name)
    {
        try
        {
            var file = new FileInfo(PathOf(name));
            return file.Exists && file.Length <= LongestFile ? File.ReadAllText(file.FullName) : null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The file that a setting names, or its sibling with the other suffix; null when neither is there.</summary>
    public (string Name, string Text)? Named(string name)
    {
        string other = name.EndsWith(".conflist", StringComparison.Ordinal) ? name[..^4] : name.EndsWith(".conf", StringComparison.Ordinal) ? name + "list" : name;
        foreach (string candidate in (string[])[name, other])
        {
            if (Read(candidate) is { } text)
            {
                return (candidate, text);
            }
        }

        return null;
    }
}
