namespace Ambient.Ztunnel.Settings;

/// <summary>HTTP/2 and pool parameters of the tunnels (ztunnel.md 9.2). Immutable.</summary>
/// <param name="StreamWindow">Bytes a stream may send ahead.</param>
/// <param name="ConnectionWindow">Bytes a tunnel may send ahead.</param>
/// <param name="FrameSize">Largest frame that is accepted, bytes.</param>
/// <param name="PoolMaxStreams">Streams per pooled tunnel.</param>
/// <param name="PoolIdle">How long an unused pooled tunnel stays.</param>
public sealed record TunnelSettings(int StreamWindow, int ConnectionWindow, int FrameSize, int PoolMaxStreams, TimeSpan PoolIdle);
