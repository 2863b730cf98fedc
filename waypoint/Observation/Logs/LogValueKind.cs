namespace Ambient.Waypoint.Observation.Logs;

/// <summary>What a command of a log format has come to.</summary>
internal enum LogValueKind
{
    Missing = 0,
    Number,
    Text,
}
