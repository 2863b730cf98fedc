using Ambient.ControlPlane.Routing.Inputs;

namespace Ambient.ControlPlane.Routing.Serving;

/// <summary>What was found while a piece was computed. Immutable.</summary>
/// <param name="Problems">What could not be done, by object.</param>
/// <param name="Used">The objects that have a part in it.</param>
internal sealed record Findings(IReadOnlyList<RoutingProblem> Problems, IReadOnlyCollection<ObjectName> Used)
{
    /// <summary>Nothing.</summary>
    public static Findings None { get; } = new([], []);
}
