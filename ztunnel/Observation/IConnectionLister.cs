namespace Ambient.Ztunnel.Observation;

/// <summary>A pod's proxy that can list its connections. Thread-safe.</summary>
public interface IConnectionLister
{
    /// <summary>The open connections of all loops; those of a loop that does not answer within the limit are missing.</summary>
    Task<IReadOnlyCollection<ConnectionRow>> ListConnectionsAsync(TimeSpan limit, CancellationToken cancellationToken);
}
