using Ambient.Waypoint.Observation.Traces;

namespace Ambient.Waypoint.Observation.Export;

/// <summary>Who is told about spans. Thread-safe.</summary>
internal interface ISpanSink
{
    /// <summary>Takes a span; never waits. What finds no room is dropped and counted.</summary>
    void Add(FinishedSpan span);
}
