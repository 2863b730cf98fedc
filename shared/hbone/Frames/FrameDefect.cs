namespace Ambient.Hbone.Frames;

/// <summary>What is wrong with a frame. Immutable.</summary>
/// <param name="Code">As the peer is told.</param>
/// <param name="What">As logs say it.</param>
public sealed record FrameDefect(Http2Error Code, string What);
