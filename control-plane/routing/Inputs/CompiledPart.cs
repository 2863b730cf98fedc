namespace Ambient.ControlPlane.Routing.Inputs;

/// <summary>A piece of a waypoint's configuration, and what is to be said about the objects it was made of. Immutable.</summary>
/// <param name="Result">The piece; null when there is nothing to say.</param>
/// <param name="Problems">What could not be done, by object.</param>
/// <param name="Used">The objects that have a part in it.</param>
public sealed record CompiledPart<T>(T? Result, IReadOnlyList<RoutingProblem> Problems, IReadOnlyCollection<ObjectName> Used)
    where T : class;
