using Ambient.ControlPlane.Routing.Inputs;

namespace Ambient.ControlPlane.Routing.Reading;

/// <summary>What is to be said about objects; the same thing is said once. Not thread-safe.</summary>
internal sealed class ProblemList
{
    private readonly HashSet<RoutingProblem> _seen = [];

    public List<RoutingProblem> All { get; } = [];

    public void Add(RoutingObject source, string reason, string message) => Add(new RoutingProblem(source.Kind, source.Namespace, source.Name, reason, message));

    public void Add(RoutingProblem problem)
    {
        if (_seen.Add(problem))
        {
            All.Add(problem);
        }
    }
}
