namespace Ambient.Tls.Origination;

/// <summary>The roots that the system trusts, read once from the bundle where distributions keep it. Thread-safe.</summary>
internal static class SystemRoots
{
    private static readonly string[] Places =
        ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"];

    private static readonly Lazy<(nint Store, string? Error)> Loaded = new(Load);

    /// <summary>A store that belongs to the process; who keeps it takes a reference of its own. 0: there are none, and why.</summary>
    internal static nint Store(out string? error)
    {
        (nint store, error) = Loaded.Value;
        return store;
    }

    private static (nint Store, string? Error) Load()
    {
        string? named = Environment.GetEnvironmentVariable("SSL_CERT_FILE");
        string? place = !string.IsNullOrEmpty(named) ? named : Array.Find(Places, File.Exists);
        if (place is null)
        {
            return (0, "the system has no bundle of roots (package ca-certificates); none was found at " + string.Join(", ", Places));
        }

        try
        {
            nint store = TrustStore.Create(File.ReadAllBytes(place), default, isPartial: false, out string? error);
            return store == 0 ? (0, $"the system's roots {place}: {error}") : (store, null);
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
        {
            return (0, $"the system's roots cannot be read: {unusable.Message}");
        }
    }
}
