namespace Ambient.Hbone.Frames;

/// <summary>Frame flags; their meaning depends on the frame type.</summary>
public static class FrameFlags
{
    /// <summary>None.</summary>
    public const byte None = 0;

    /// <summary>DATA, HEADERS: the last of its direction.</summary>
    public const byte EndStream = 0x1;

    /// <summary>SETTINGS, PING: an answer.</summary>
    public const byte Ack = 0x1;

    /// <summary>HEADERS, CONTINUATION: the block is whole.</summary>
    public const byte EndHeaders = 0x4;

    /// <summary>DATA, HEADERS: there is padding.</summary>
    public const byte Padded = 0x8;

    /// <summary>HEADERS: five bytes of priority stand in front.</summary>
    public const byte Priority = 0x20;
}
