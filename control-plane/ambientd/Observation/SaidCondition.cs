using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Observation;

/// <summary>One line of what is said about an object. Immutable.</summary>
/// <param name="About">Which part of it: a parent of a route, a listener of a Gateway; empty: the object.</param>
/// <param name="Condition">What is said.</param>
internal sealed record SaidCondition(string About, Condition Condition)
{
    // The word is bad news, and True means that it is so.
    private static readonly string[] Bad = ["istio.io/WaypointMissing", "PartiallyInvalid", "Conflicted"];

    /// <summary>Whether somebody should look.</summary>
    internal bool IsBad => Condition.Status == (Bad.Contains(Condition.Type, StringComparer.Ordinal) ? "True" : "False");

    /// <summary>Such as <c>istio.io/WaypointBound=True (WaypointAccepted)</c>.</summary>
    public override string ToString() => $"{(About.Length > 0 ? About + ": " : "")}{Condition.Type}={Condition.Status} ({Condition.Reason})";
}
