using System.Reflection;

namespace Ambient.House.Tests;

/// <summary>The files of the repository, as the tests see them.</summary>
internal static class Repository
{
    private static readonly string[] Foreign = ["artifacts", ".git", "node_modules", "bin", "obj"];

    public static string Root { get; } = Path.GetFullPath(
        typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!);

    /// <summary>Files with an extension, relative to the root with forward slashes, sorted.</summary>
    public static IReadOnlyList<string> Files(string extension, string under = "") =>
        [.. Walk(Path.Combine(Root, under)).Where(f => f.EndsWith(extension, StringComparison.Ordinal)).Select(f => Path.GetRelativePath(Root, f)).Order(StringComparer.Ordinal)];

    public static string Text(string file) => File.ReadAllText(Path.Combine(Root, file));

    public static string[] Lines(string file) => File.ReadAllLines(Path.Combine(Root, file));

    private static IEnumerable<string> Walk(string directory) => Directory.EnumerateFiles(directory)
        .Concat(Directory.EnumerateDirectories(directory).Where(d => !Foreign.Contains(Path.GetFileName(d))).SelectMany(Walk));
}
