using Ambient.Waypoint.Observation.Traces;

namespace Ambient.Waypoint.Observation.Export;

/// <summary>Spans to one collector. Thread-safe.</summary>
internal sealed class SpanExporter(BatchExporter<FinishedSpan> batches, CollectorClient client) : ISpanSink, IAsyncDisposable
{
    /// <inheritdoc/>
    public void Add(FinishedSpan span) => batches.Add(span);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await batches.DisposeAsync();
        client.Dispose();
    }
}
