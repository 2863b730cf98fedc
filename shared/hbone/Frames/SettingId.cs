namespace Ambient.Hbone.Frames;

/// <summary>Setting identifiers (RFC 9113 section 6.5.2); unknown ones are ignored.</summary>
public enum SettingId : ushort
{
    /// <summary>The dynamic table that the peer's encoder may use, bytes.</summary>
    HeaderTableSize = 1,

    /// <summary>Server push.</summary>
    EnablePush = 2,

    /// <summary>Streams that the peer may have open.</summary>
    MaxConcurrentStreams = 3,

    /// <summary>The window that a stream begins with, bytes.</summary>
    InitialWindowSize = 4,

    /// <summary>The largest payload of a frame, bytes.</summary>
    MaxFrameSize = 5,

    /// <summary>The largest header list, bytes.</summary>
    MaxHeaderListSize = 6,

    /// <summary>Whether CONNECT may ask for another protocol (RFC 8441 section 3).</summary>
    EnableConnectProtocol = 8,
}
