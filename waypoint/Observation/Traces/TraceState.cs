using System.Globalization;

namespace Ambient.Waypoint.Observation.Traces;

/// <summary>Where a request stands in its trace. A value, so that a request that is not traced costs nothing.</summary>
internal struct TraceState
{
    /// <summary>High half of the trace's id; 0 for ids of 64 bits.</summary>
    public ulong TraceHigh { get; set; }

    /// <summary>Low half of the trace's id.</summary>
    public ulong TraceLow { get; set; }

    /// <summary>The span of this request at this waypoint.</summary>
    public ulong SpanId { get; set; }

    /// <summary>The caller's span; 0 without one.</summary>
    public ulong ParentId { get; set; }

    /// <summary>Whether somebody is told about it; null before that is decided.</summary>
    public bool? IsSampled { get; set; }

    /// <summary>In which forms the caller sent its context.</summary>
    public TraceForms Forms { get; set; }

    /// <summary>Whether B3's debug flag was set.</summary>
    public bool IsDebug { get; set; }

    /// <summary>Whether there is a trace at all.</summary>
    public readonly bool IsActive => SpanId != 0;

    /// <summary>The trace's id, 32 digits, or 16 for one of 64 bits.</summary>
    public readonly string TraceIdText() => TraceHigh == 0
        ? TraceLow.ToString("x16", CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{TraceHigh:x16}{TraceLow:x16}");
}
