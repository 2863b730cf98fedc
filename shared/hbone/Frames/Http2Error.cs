namespace Ambient.Hbone.Frames;

/// <summary>HTTP/2 error codes (RFC 9113 section 7).</summary>
public enum Http2Error : uint
{
    /// <summary>A graceful end.</summary>
    NoError = 0x0,

    /// <summary>The peer broke the protocol.</summary>
    ProtocolError = 0x1,

    /// <summary>A fault of our own.</summary>
    InternalError = 0x2,

    /// <summary>The peer sent more than its window.</summary>
    FlowControlError = 0x3,

    /// <summary>Settings were not acknowledged in time.</summary>
    SettingsTimeout = 0x4,

    /// <summary>A frame for a stream that is closed.</summary>
    StreamClosed = 0x5,

    /// <summary>A frame of a wrong size.</summary>
    FrameSizeError = 0x6,

    /// <summary>The stream was not processed at all: safe to try elsewhere.</summary>
    RefusedStream = 0x7,

    /// <summary>The stream is no longer needed.</summary>
    Cancel = 0x8,

    /// <summary>The header compression state is lost.</summary>
    CompressionError = 0x9,

    /// <summary>The TCP connection behind a CONNECT failed or was reset (RFC 9113 section 8.5).</summary>
    ConnectError = 0xA,

    /// <summary>The peer behaves in a way that looks like an attack.</summary>
    EnhanceYourCalm = 0xB,

    /// <summary>The transport's security is insufficient.</summary>
    InadequateSecurity = 0xC,

    /// <summary>HTTP/1.1 is required.</summary>
    Http11Required = 0xD,
}
