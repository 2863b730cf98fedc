namespace Ambient.Telemetry.Logging;

/// <summary>How much an operator has to care. Larger numbers are more talkative.</summary>
public enum LogLevel
{
    /// <summary>Nothing at all.</summary>
    Off = 0,

    /// <summary>An operator must act.</summary>
    Error = 1,

    /// <summary>An operator may have to act.</summary>
    Warn = 2,

    /// <summary>Life cycle.</summary>
    Info = 3,

    /// <summary>Once per connection.</summary>
    Debug = 4,

    /// <summary>Once per frame.</summary>
    Trace = 5,
}
