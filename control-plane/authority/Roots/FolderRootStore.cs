using System.Text;

namespace Ambient.ControlPlane.Authority.Roots;

/// <summary>A root in one file that only its owner can read; whole or not there at all. Thread-safe, also between processes.</summary>
public sealed class FolderRootStore(string directory) : IRootStore
{
    private const string FileName = "authority.pem";
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly SemaphoreSlim _gate = new(1);

    private string FilePath => Path.Combine(directory, FileName);

    /// <inheritdoc/>
    public async ValueTask<string?> LoadAsync(CancellationToken cancellation) => File.Exists(FilePath) ? await File.ReadAllTextAsync(FilePath, cancellation) : null;

    /// <inheritdoc/>
    public async ValueTask<bool> TryCreateAsync(string pem, CancellationToken cancellation)
    {
        string temporary = await WriteAsync(pem, cancellation);
        try
        {
            File.Move(temporary, FilePath, overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(FilePath))
        {
            return false;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<bool> TryReplaceAsync(string loaded, string pem, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            if (await LoadAsync(cancellation) != loaded)
            {
                return false;
            }

            File.Move(await WriteAsync(pem, cancellation), FilePath, overwrite: true);
            return true;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<string> WriteAsync(string pem, CancellationToken cancellation)
    {
        Directory.CreateDirectory(directory, Owner | UnixFileMode.UserExecute);
        string temporary = Path.Combine(directory, $".{FileName}.{Guid.NewGuid():N}");
        await using var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Owner });
        await stream.WriteAsync(Encoding.ASCII.GetBytes(pem), cancellation);
        stream.Flush(flushToDisk: true);
        return temporary;
    }
}
