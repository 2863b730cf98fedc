using Ambient.ControlPlane.Routing.Inputs;

namespace Ambient.ControlPlane.Routing.Keys;

/// <summary>Who goes and gets a key set. Thread-safe.</summary>
public interface IKeySetFetcher
{
    /// <summary>The key set as it was sent, checked.</summary>
    /// <exception cref="KeySetException">It could not be had, or is none.</exception>
    Task<string> FetchAsync(KeySource source, CancellationToken cancellation);
}
