namespace Ambient.Kubernetes.Connections;

/// <summary>
/// A token in a file that someone else renews (the kubelet does, at 80 % of its life): read again every minute, and at once when it was refused.
/// A file that cannot be read for a moment leaves the last token in force. Thread-safe.
/// </summary>
public sealed class TokenFileCredential(string path, TimeProvider time) : ICredential
{
    private static readonly TimeSpan ReadAgain = TimeSpan.FromMinutes(1);
    private const int LongestToken = 64 * 1024;
    private volatile Held? _held;

    /// <inheritdoc/>
    public async ValueTask<Credential> GetAsync(bool isRefused, CancellationToken cancellation)
    {
        Held? held = _held;
        if (held is not null && !isRefused && time.GetElapsedTime(held.ReadAt) < ReadAgain)
        {
            return held.Credential;
        }

        try
        {
            if (new FileInfo(path).Length > LongestToken)
            {
                throw new CredentialException($"token file {path} is longer than {LongestToken} bytes");
            }

            string token = (await File.ReadAllTextAsync(path, cancellation)).Trim();
            if (token.Length == 0)
            {
                throw new CredentialException($"token file {path} is empty");
            }

            // What would break the header line is no token.
            if (token.AsSpan().ContainsAnyExceptInRange('!', '~'))
            {
                throw new CredentialException($"token file {path} holds more than a token");
            }

            held = new Held(held?.Credential.Token == token ? held.Credential : new Credential(token, null), time.GetTimestamp());
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or CredentialException && held is not null)
        {
            held = held with { ReadAt = time.GetTimestamp() };
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new CredentialException($"token file {path} cannot be read: {unreadable.Message}", unreadable);
        }

        _held = held;
        return held.Credential;
    }

    private sealed record Held(Credential Credential, long ReadAt);
}
