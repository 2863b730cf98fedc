namespace Ambient.ControlPlane.Routing.Keys;

/// <summary>Where key sets outlive the process. Thread-safe.</summary>
public interface IKeySetMemory
{
    /// <summary>What was kept; null when nothing was.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    Task<string?> LoadAsync(CancellationToken cancellation);

    /// <summary>Keeps this instead.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    Task SaveAsync(string text, CancellationToken cancellation);
}
