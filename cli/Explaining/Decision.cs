namespace Ambient.Cli.Explaining;

/// <summary>What becomes of a connection.</summary>
internal enum Decision
{
    /// <summary>It is served.</summary>
    Allowed = 0,

    /// <summary>A policy refuses it.</summary>
    Denied = 1,

    /// <summary>There is no way, whatever policies say.</summary>
    NoRoute = 2,

    /// <summary>Nobody of the mesh decides.</summary>
    NotEnforced = 3,
}
