namespace Ambient.Waypoint.Observation.Traces;

/// <summary>A span that is over, with its tags. Immutable.</summary>
/// <param name="Trace">Its place in the trace.</param>
/// <param name="Name">What it is about.</param>
/// <param name="Start">When it began.</param>
/// <param name="DurationMilliseconds">How long it took.</param>
/// <param name="IsError">Whether it failed.</param>
/// <param name="State">The caller's tracestate.</param>
/// <param name="Tags">Names and values.</param>
internal sealed record FinishedSpan(TraceState Trace, string Name, DateTimeOffset Start, long DurationMilliseconds, bool IsError, string? State, IReadOnlyList<KeyValuePair<string, string>> Tags);
