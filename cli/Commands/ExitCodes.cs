namespace Ambient.Cli.Commands;

/// <summary>What the process ends with; scripts depend on it.</summary>
internal static class ExitCodes
{
    /// <summary>Done; nothing is wrong; the connection is allowed.</summary>
    public const int Good = 0;

    /// <summary>Done, and something is wrong: a check failed, a connection is denied.</summary>
    public const int Finding = 1;

    /// <summary>The words were not understood, or ask for what there is not.</summary>
    public const int Usage = 2;

    /// <summary>What was to be asked does not answer.</summary>
    public const int Unreachable = 3;
}
