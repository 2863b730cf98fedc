namespace Ambient.Kubernetes.Connections;

/// <summary>Who we are to an API server; may change while we run. Thread-safe.</summary>
public interface ICredential
{
    /// <summary>
    /// The credential to use now. <paramref name="isRefused"/> says that the server has just answered 401 to the one before, so it must not come from a
    /// memory. Throws <see cref="CredentialException"/> when there is none.
    /// </summary>
    ValueTask<Credential> GetAsync(bool isRefused, CancellationToken cancellation);
}
