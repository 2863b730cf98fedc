namespace Ambient.ControlPlane.Routing.Edges;

/// <summary>What becomes of a listener of a Gateway. Immutable.</summary>
/// <param name="Name">Its name.</param>
public sealed record ListenerVerdict(string Name)
{
    /// <summary>Kinds of routes that may attach.</summary>
    public IReadOnlyList<string> SupportedKinds { get; init; } = [];

    /// <summary>Routes that are attached.</summary>
    public int AttachedRoutes { get; init; }

    /// <summary>Why it is not accepted; null: it is.</summary>
    public (string Reason, string Message)? Unaccepted { get; init; }

    /// <summary>Which conflict it has lost; null: none.</summary>
    public (string Reason, string Message)? Conflict { get; init; }

    /// <summary>What it names and cannot have; null: it has all of it.</summary>
    public (string Reason, string Message)? Unresolved { get; init; }

    /// <summary>Whether clients are served.</summary>
    public bool IsServing => Unaccepted is null && Conflict is null && Unresolved is null;

    /// <summary>Whether nothing about it is different.</summary>
    public bool SaysSame(ListenerVerdict other) => other is not null && this with { SupportedKinds = other.SupportedKinds } == other && SupportedKinds.SequenceEqual(other.SupportedKinds, StringComparer.Ordinal);
}
