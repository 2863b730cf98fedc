namespace Ambient.Telemetry.Logging;

/// <summary>The shape of a log line (reference 9.6).</summary>
public enum LogFormat
{
    /// <summary>Tab-separated text for people.</summary>
    Plain,

    /// <summary>One JSON object per line.</summary>
    Json,
}
