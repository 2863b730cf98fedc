using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Kubernetes.Connections;

/// <summary>A client certificate in files, read again when they change. Files that cannot be read leave the last one in force. Thread-safe.</summary>
public sealed class CertificateFileCredential(string certificatePath, string keyPath) : ICredential
{
    private volatile Held? _held;

    /// <inheritdoc/>
    public ValueTask<Credential> GetAsync(bool isRefused, CancellationToken cancellation)
    {
        Held? held = _held;
        try
        {
            (DateTime Certificate, DateTime Key) stamp = (File.GetLastWriteTimeUtc(certificatePath), File.GetLastWriteTimeUtc(keyPath));
            if (held is null || held.Stamp != stamp)
            {
                held = new Held(new Credential(null, X509Certificate2.CreateFromPemFile(certificatePath, keyPath)), stamp);
                _held = held;
            }
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or CryptographicException)
        {
            if (held is null)
            {
                throw new CredentialException($"client certificate {certificatePath} with key {keyPath} cannot be read: {unreadable.Message}", unreadable);
            }
        }

        return ValueTask.FromResult(held!.Credential);
    }

    private sealed record Held(Credential Credential, (DateTime, DateTime) Stamp);
}
