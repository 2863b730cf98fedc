namespace Ambient.Kubernetes.Api;

/// <summary>An open watch. Owned by one caller, who disposes it.</summary>
internal sealed class WatchStream(HttpResponseMessage response, Stream body) : IAsyncDisposable
{
    /// <summary>The events, a line each.</summary>
    public Stream Body => body;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await body.DisposeAsync();
        response.Dispose();
    }
}
