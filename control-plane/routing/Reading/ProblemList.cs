using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Routing.Reading;

/// <summary>What is to be said about objects; the same thing is said once. Not thread-safe.</summary>
internal sealed class ProblemList
{
    private readonly HashSet<RoutingProblem> _seen = [];
    private readonly HashSet<ObjectName> _used = [];

    public List<RoutingProblem> All { get; } = [];

    /// <summary>The objects that have a part in what is computed.</summary>
    public IReadOnlyCollection<ObjectName> Used => _used;

    /// <summary>An object has a part in what is computed.</summary>
    public void Use(string kind, string @namespace, string name) => _used.Add(new ObjectName(kind, new ResourceKey(@namespace, name)));

    public void Use(RoutingObject source) => Use(source.Kind, source.Namespace, source.Name);

    public void Add(RoutingObject source, string reason, string message) => Add(new RoutingProblem(source.Kind, source.Namespace, source.Name, reason, message));

    public void Add(RoutingProblem problem)
    {
        if (_seen.Add(problem))
        {
            All.Add(problem);
        }
    }
}
