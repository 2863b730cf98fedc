using System.Globalization;
using System.Text.RegularExpressions;

namespace Ambient.Cni.Agent.Installation;

/// <summary>Writes files whole or not at all.</summary>
public static partial class AtomicFile
{
    /// <summary>Writes text with a mode; on disk when this returns. Throws <see cref="IOException"/> and <see cref="UnauthorizedAccessException"/>, and then the old file is as it was.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        string draft = string.Create(CultureInfo.InvariantCulture, $"{path}.tmp.{Random.Shared.Next(1_000_000_000)}");
        try
        {
            using (var file = new FileStream(draft, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.SetUnixFileMode(draft, mode);
            File.Move(draft, path, overwrite: true);
        }
        catch
        {
            try
            {
                File.Delete(draft);
            }
            catch (Exception stays) when (stays is IOException or UnauthorizedAccessException)
            {
                // It goes with the next sweep.
            }

            throw;
        }
    }

    /// <summary>Deletes drafts of a file that died with their writer.</summary>
    public static void Sweep(string path)
    {
        string folder = Path.GetDirectoryName(path)!, name = Path.GetFileName(path) + ".tmp.";
        foreach (string file in Directory.EnumerateFiles(folder).Where(f => Path.GetFileName(f).StartsWith(name, StringComparison.Ordinal) && Digits().IsMatch(f)))
        {
            File.Delete(file);
        }
    }

    [GeneratedRegex(@"\.tmp\.[0-9]+$")]
    private static partial Regex Digits();
}
