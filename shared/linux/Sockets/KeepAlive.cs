namespace Ambient.Linux.Sockets;

/// <summary>TCP keepalive probes. Whole seconds; less than one second counts as one. Immutable.</summary>
/// <param name="Time">Silence before the first probe.</param>
/// <param name="Interval">Time between probes.</param>
/// <param name="Retries">Unanswered probes until the connection is dead.</param>
public sealed record KeepAlive(TimeSpan Time, TimeSpan Interval, int Retries);
