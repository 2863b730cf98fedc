namespace Ambient.Telemetry.Logging;

/// <summary>Writes lines for one target. Thread-safe; a disabled level costs one compare.</summary>
public sealed class Logger
{
    private readonly LogHub _hub;
    private volatile int _level;

    internal Logger(LogHub hub, string target, LogLevel level)
    {
        _hub = hub;
        Target = target;
        _level = (int)level;
    }

    /// <summary>Full target, such as <c>ztunnel::proxy::outbound</c>.</summary>
    public string Target { get; }

    internal LogLevel Level
    {
        set => _level = (int)value;
    }

    /// <summary>Whether lines of this level are written at present.</summary>
    public bool IsEnabled(LogLevel level) => (int)level <= _level;

    /// <summary>Writes one line.</summary>
    public void Log(LogLevel level, string message, params ReadOnlySpan<LogField> fields) => Log(level, null, message, fields);

    /// <summary>Writes one line that belongs to a span.</summary>
    public void Log(LogLevel level, LogSpan? span, string message, params ReadOnlySpan<LogField> fields)
    {
        if (level != LogLevel.Off && IsEnabled(level))
        {
            _hub.Write(level, Target, span, message, fields);
        }
    }

    /// <summary>An operator must act.</summary>
    public void Error(string message, params ReadOnlySpan<LogField> fields) => Log(LogLevel.Error, null, message, fields);

    /// <summary>An operator may have to act.</summary>
    public void Warn(string message, params ReadOnlySpan<LogField> fields) => Log(LogLevel.Warn, null, message, fields);

    /// <summary>Life cycle.</summary>
    public void Info(string message, params ReadOnlySpan<LogField> fields) => Log(LogLevel.Info, null, message, fields);

    /// <summary>Once per connection.</summary>
    public void Debug(string message, params ReadOnlySpan<LogField> fields) => Log(LogLevel.Debug, null, message, fields);

    /// <summary>Once per frame.</summary>
    public void Trace(string message, params ReadOnlySpan<LogField> fields) => Log(LogLevel.Trace, null, message, fields);
}
