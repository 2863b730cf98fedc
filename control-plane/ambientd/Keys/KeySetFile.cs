using Ambient.ControlPlane.Routing.Keys;

namespace Ambient.ControlPlane.Keys;

/// <summary>Key sets in a file, which is replaced as a whole. Thread-safe for one writer.</summary>
internal sealed class KeySetFile(string path) : IKeySetMemory
{
    public async Task<string?> LoadAsync(CancellationToken cancellation)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        // What somebody else put there is not read without an end.
        return new FileInfo(path).Length <= 4 * KeySetRecords.MaxLength ? await File.ReadAllTextAsync(path, cancellation) : throw new IOException($"{path} is too large");
    }

    public async Task SaveAsync(string text, CancellationToken cancellation)
    {
        string next = path + ".next";
        await File.WriteAllTextAsync(next, text, cancellation);
        File.Move(next, path, overwrite: true);
    }
}
