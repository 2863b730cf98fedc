namespace Ambient.Kubernetes.Connections;

/// <summary>A credential that never changes. Immutable.</summary>
public sealed class FixedCredential(Credential credential) : ICredential
{
    /// <inheritdoc/>
    public ValueTask<Credential> GetAsync(bool isRefused, CancellationToken cancellation) => ValueTask.FromResult(credential);
}
