using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Grpc.Client;

/// <summary>
/// What a server is verified against: the platform's roots, a PEM file that may change, or PEM text
/// (XDS_ROOT_CA and CA_ROOT_CA). Thread-safe.
/// </summary>
public sealed class ServerRoots
{
    private const string SystemSetting = "SYSTEM";
    private readonly string? _inline;
    private int _isChanged;

    private ServerRoots(string? path, string? inline)
    {
        FilePath = path;
        _inline = inline;
    }

    /// <summary>The file, if they come from one.</summary>
    public string? FilePath { get; }

    /// <summary>Whether the platform's roots count.</summary>
    public bool IsSystem => FilePath is null && _inline is null;

    /// <summary>The platform's roots.</summary>
    public static ServerRoots System() => new(null, null);

    /// <summary>A file, read at each <see cref="Load"/>.</summary>
    public static ServerRoots FromFile(string path) => new(path, null);

    /// <summary>PEM text.</summary>
    public static ServerRoots FromPem(string pem) => new(null, pem);

    /// <summary>Reads a setting: <c>SYSTEM</c>, PEM text, or otherwise a path (which need not exist yet).</summary>
    public static ServerRoots Parse(string setting) =>
        setting == SystemSetting ? System()
        : setting.Contains("-----BEGIN", StringComparison.Ordinal) ? FromPem(setting)
        : FromFile(setting);

    /// <summary>Notes that the file may have changed; a no-op for roots that cannot change.</summary>
    public void MarkChanged() => Interlocked.Exchange(ref _isChanged, FilePath is null ? 0 : 1);

    /// <summary>Whether the file may have changed since the last call.</summary>
    public bool TakeChanged() => Interlocked.Exchange(ref _isChanged, 0) == 1;

    /// <summary>The roots as they are now; null for the platform's.</summary>
    /// <exception cref="InvalidDataException">The file cannot be read or has no certificate.</exception>
    public X509Certificate2Collection? Load()
    {
        if (IsSystem)
        {
            return null;
        }

        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPem(_inline ?? File.ReadAllText(FilePath!));
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new InvalidDataException($"the root certificates {Source} cannot be read: {cause.Message}", cause);
        }

        return roots.Count > 0 ? roots : throw new InvalidDataException($"the root certificates {Source} contain no PEM certificate");
    }

    private string Source => FilePath is null ? "given as text" : $"in {FilePath}";
}
