namespace Ambient.Ztunnel.Settings;

/// <summary>How roots are given.</summary>
public enum RootSourceKind
{
    /// <summary>A PEM file, read again for every connection.</summary>
    File,

    /// <summary>The roots of the platform.</summary>
    System,

    /// <summary>PEM in the variable itself.</summary>
    Inline,
}
