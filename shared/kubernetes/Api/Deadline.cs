namespace Ambient.Kubernetes.Api;

/// <summary>A token that is cancelled by a caller's or when a time is over. Owned by one caller, who disposes it.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _over;
    private readonly CancellationTokenSource _either;

    public Deadline(TimeSpan length, TimeProvider time, CancellationToken cancellation)
    {
        _over = new CancellationTokenSource(length, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_over.Token, cancellation);
    }

    /// <summary>The token.</summary>
    public CancellationToken Token => _either.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        _either.Dispose();
        _over.Dispose();
    }
}
