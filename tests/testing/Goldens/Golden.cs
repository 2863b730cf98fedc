using System.Runtime.CompilerServices;
using Xunit.Sdk;

namespace Ambient.Testing.Goldens;

/// <summary>
/// Compares text with a file kept beside the test (<c>Goldens/name</c>). AMBIENT_GOLDEN=update rewrites the file instead; the diff
/// is then reviewed like code. Thread-safe for different names.
/// </summary>
public static class Golden
{
    /// <summary>Fails with the first line that differs; a missing file is a failure that says how to make it.</summary>
    public static void Match(string name, string text, [CallerFilePath] string testFile = "")
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(text);
        string path = Path.Combine(Path.GetDirectoryName(testFile)!, "Goldens", name);
        string actual = Normal(text);
        if (Environment.GetEnvironmentVariable("AMBIENT_GOLDEN") == "update")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
            return;
        }

        if (!File.Exists(path))
        {
            throw new XunitException($"No golden file {path}; run with AMBIENT_GOLDEN=update to write it.");
        }

        string expected = Normal(File.ReadAllText(path));
        if (expected != actual)
        {
            throw new XunitException(Describe(path, expected.Split('\n'), actual.Split('\n')));
        }
    }

    private static string Describe(string path, string[] expected, string[] actual)
    {
        int line = 0;
        while (line < expected.Length && line < actual.Length && expected[line] == actual[line])
        {
            line++;
        }

        return $"Differs from {path} at line {line + 1} (AMBIENT_GOLDEN=update accepts it)\n"
            + $"expected: {LineOf(expected, line)}\n  actual: {LineOf(actual, line)}";
    }

    private static string LineOf(string[] lines, int line) => line < lines.Length ? lines[line] : "<end of text>";

    private static string Normal(string text) => text.ReplaceLineEndings("\n").TrimEnd('\n') + "\n";
}
