namespace Ambient.Linux.Sockets;

/// <summary>What ENABLE_ORIG_SRC asks of listeners (ztunnel.md 1.3).</summary>
public enum TransparentMode
{
    /// <summary>Never tried; source addresses are not preserved.</summary>
    Never = 0,

    /// <summary>Tried; the listener works either way and says which.</summary>
    BestEffort = 1,

    /// <summary>Must succeed, or the listener fails.</summary>
    Required = 2,
}
