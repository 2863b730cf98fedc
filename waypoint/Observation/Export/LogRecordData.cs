namespace Ambient.Waypoint.Observation.Export;

/// <summary>A log line on its way to a collector. Immutable.</summary>
/// <param name="Time">When the request began.</param>
/// <param name="LogName">The log's name.</param>
/// <param name="Body">The line.</param>
/// <param name="Labels">Names and values.</param>
/// <param name="TraceHigh">High half of the trace's id.</param>
/// <param name="TraceLow">Low half; 0 without a trace.</param>
/// <param name="SpanId">The span.</param>
internal sealed record LogRecordData(DateTimeOffset Time, string LogName, string Body, IReadOnlyList<KeyValuePair<string, string>> Labels, ulong TraceHigh, ulong TraceLow, ulong SpanId);
