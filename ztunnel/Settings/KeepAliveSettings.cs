namespace Ambient.Ztunnel.Settings;

/// <summary>TCP keep-alive (ztunnel.md 1.3). Immutable.</summary>
/// <param name="IsEnabled">Whether sockets have it at all.</param>
/// <param name="Time">Idle time before the first probe.</param>
/// <param name="Interval">Time between probes.</param>
/// <param name="Retries">Probes before the connection is given up.</param>
/// <param name="HasUserTimeout">Whether TCP_USER_TIMEOUT is set to their sum.</param>
public sealed record KeepAliveSettings(bool IsEnabled, TimeSpan Time, TimeSpan Interval, int Retries, bool HasUserTimeout);
