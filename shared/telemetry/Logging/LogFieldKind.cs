namespace Ambient.Telemetry.Logging;

internal enum LogFieldKind : byte
{
    Absent,
    Text,
    Bare,
    Number,
    Truth,
    Address,
    Milliseconds,
    Json,
}
