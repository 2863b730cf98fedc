namespace Ambient.Cli.Meshes;

/// <summary>What a check found.</summary>
internal enum CheckOutcome
{
    /// <summary>As it should be.</summary>
    Good = 0,

    /// <summary>Works, but somebody should know.</summary>
    Warning = 1,

    /// <summary>Does not work.</summary>
    Failed = 2,
}
