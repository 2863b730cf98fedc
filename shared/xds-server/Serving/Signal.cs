namespace Ambient.Xds.Server.Serving;

/// <summary>Wakes one waiter; any number of signals before it looks are one. Thread-safe.</summary>
internal sealed class Signal : IDisposable
{
    private readonly SemaphoreSlim _semaphore = new(0, 1);

    public void Dispose() => _semaphore.Dispose();

    internal void Set()
    {
        try
        {
            _semaphore.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is signalled already.
        }
    }

    internal Task WaitAsync(CancellationToken cancellation) => _semaphore.WaitAsync(cancellation);
}
