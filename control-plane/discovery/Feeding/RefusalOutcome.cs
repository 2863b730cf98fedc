namespace Ambient.ControlPlane.Discovery.Feeding;

/// <summary>What is in force for an object that cannot be read.</summary>
public enum RefusalOutcome
{
    /// <summary>What it said before.</summary>
    EarlierStays,

    /// <summary>Nothing: its absence opens nothing.</summary>
    Absent,

    /// <summary>The strictest that it may have said.</summary>
    Guarded,
}
