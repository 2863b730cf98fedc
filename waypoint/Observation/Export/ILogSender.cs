namespace Ambient.Waypoint.Observation.Export;

/// <summary>Who is told about requests, record by record. Thread-safe.</summary>
internal interface ILogSender
{
    /// <summary>Takes a record; never waits. What finds no room is dropped and counted.</summary>
    void Add(LogRecordData record);
}
