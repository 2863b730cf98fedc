namespace Ambient.Waypoint.Observation.Traces;

/// <summary>How contexts are written into requests.</summary>
[Flags]
internal enum TraceForms
{
    /// <summary>Not at all.</summary>
    None = 0,

    /// <summary>traceparent and tracestate.</summary>
    W3C = 1,

    /// <summary>x-b3-traceid and its companions.</summary>
    B3 = 2,

    /// <summary>b3.</summary>
    B3Single = 4,
}
