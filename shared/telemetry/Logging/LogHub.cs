namespace Ambient.Telemetry.Logging;

/// <summary>
/// Owner of all loggers, their levels, and the one queue and thread that write lines (reference 9.6). Thread-safe.
/// </summary>
/// <remarks>
/// A line is formatted on the producer's thread into a pooled buffer and queued. A full queue blocks the producer, so nothing is
/// lost while the reader of our output is slow; only a reader that has stalled for <see cref="LogHubOptions.BlockLimit"/> loses lines.
/// </remarks>
public sealed class LogHub : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Logger> _loggers = new(StringComparer.Ordinal);
    private readonly LogQueue _queue;
    private readonly LogFormat _format;
    private readonly TimeProvider _time;
    private LogDirectives _directives;

    /// <summary>Starts the writer thread.</summary>
    public LogHub(LogHubOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        StartDirectives = options.Directives;
        _directives = options.Directives;
        _format = options.Format;
        _time = options.Time;
        _queue = new LogQueue(options.Sink ?? new StandardOutputSink(), options.QueueLines, options.BlockLimit);
    }

    /// <summary>The levels the process started with.</summary>
    public LogDirectives StartDirectives { get; }

    /// <summary>The levels in force. Setting them changes every logger at once.</summary>
    public LogDirectives Directives
    {
        get
        {
            lock (_gate)
            {
                return _directives;
            }
        }

        set
        {
            ArgumentNullException.ThrowIfNull(value);
            lock (_gate)
            {
                _directives = value;
                foreach (Logger logger in _loggers.Values)
                {
                    logger.Level = value.LevelFor(logger.Target);
                }
            }
        }
    }

    /// <summary>Lines handed to the sink.</summary>
    public long LinesWritten => _queue.LinesWritten;

    /// <summary>Times a producer found the queue full and had to wait.</summary>
    public long ProducersBlocked => _queue.ProducersBlocked;

    /// <summary>Lines given up because the queue stayed full too long or the sink failed.</summary>
    public long LinesDropped => _queue.LinesDropped;

    /// <summary>A hub that writes nothing, for tests and tools.</summary>
    public static LogHub Discarding()
    {
        _ = LogDirectives.TryParse("off", out LogDirectives? off, out _);
        return new LogHub(new LogHubOptions { Directives = off!, Sink = new DiscardingSink(), QueueLines = 1 });
    }

    /// <summary>The logger of a target, the same object for the same target.</summary>
    public Logger For(string target)
    {
        lock (_gate)
        {
            if (!_loggers.TryGetValue(target, out Logger? logger))
            {
                logger = new Logger(this, target, _directives.LevelFor(target));
                _loggers.Add(target, logger);
            }

            return logger;
        }
    }

    /// <summary>Waits until every line queued so far was written; false when the limit passed first.</summary>
    public bool Flush(TimeSpan limit) => _queue.Flush(limit);

    /// <summary>Writes what is queued, for at most one second, and ends the writer thread.</summary>
    public void Dispose() => _queue.Dispose();

    internal void Write(LogLevel level, string target, LogSpan? span, string message, ReadOnlySpan<LogField> fields)
    {
        LineBuffer line = LineBuffer.ForThisThread();
        DateTimeOffset now = _time.GetUtcNow();
        if (_format == LogFormat.Json)
        {
            JsonLine.Write(line, now, level, target, span, message, fields);
        }
        else
        {
            PlainLine.Write(line, now, level, target, span, message, fields);
        }

        _queue.Add(line.Detach(out int length), length);
    }

    private sealed class DiscardingSink : ILogSink
    {
        public int Write(ReadOnlySpan<byte> lines) => lines.Length;
    }
}
