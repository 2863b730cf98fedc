namespace Ambient.Ztunnel.Settings;

/// <summary>Whether applications see the client's own address (<c>ENABLE_ORIG_SRC</c>, ztunnel.md 1.3).</summary>
public enum OriginalSourceMode
{
    /// <summary>On when the kernel allows it.</summary>
    BestEffort,

    /// <summary>The start fails when the kernel does not allow it.</summary>
    Required,

    /// <summary>Never.</summary>
    Never,
}
