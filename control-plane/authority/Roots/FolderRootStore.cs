using System.Text;

namespace Ambient.ControlPlane.Authority.Roots;

/// <summary>A root in one file that only its owner can read; whole or not there at all. Thread-safe; processes that make it at the same time agree on one.</summary>
public sealed class FolderRootStore(string directory) : IRootStore
{
    private const string FileName = "authority.pem";
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly Lock _gate = new();

    private string FilePath => Path.Combine(directory, FileName);

    /// <inheritdoc/>
    public ValueTask<string?> LoadAsync(CancellationToken cancellation) => ValueTask.FromResult(Load());

    /// <inheritdoc/>
    public ValueTask<bool> TryCreateAsync(string pem, CancellationToken cancellation)
    {
        string temporary = Write(pem);
        try
        {
            File.Move(temporary, FilePath, overwrite: false);
            return ValueTask.FromResult(true);
        }
        catch (IOException) when (File.Exists(FilePath))
        {
            return ValueTask.FromResult(false);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> TryReplaceAsync(string loaded, string pem, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (Load() != loaded)
            {
                return ValueTask.FromResult(false);
            }

            File.Move(Write(pem), FilePath, overwrite: true);
            return ValueTask.FromResult(true);
        }
    }

    private string? Load() => File.Exists(FilePath) ? File.ReadAllText(FilePath) : null;

    private string Write(string pem)
    {
        Directory.CreateDirectory(directory, Owner | UnixFileMode.UserExecute);
        string temporary = Path.Combine(directory, $".{FileName}.{Guid.NewGuid():N}");
        using var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Owner });
        stream.Write(Encoding.ASCII.GetBytes(pem));
        stream.Flush(flushToDisk: true);
        return temporary;
    }
}
