namespace Ambient.Waypoint.Observation.Export;

/// <summary>Log records to one collector. Thread-safe.</summary>
internal sealed class LogExporter(BatchExporter<LogRecordData> batches, CollectorClient client) : ILogSender, IAsyncDisposable
{
    /// <inheritdoc/>
    public void Add(LogRecordData record) => batches.Add(record);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await batches.DisposeAsync();
        client.Dispose();
    }
}
