using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Views;

/// <summary>What a batch changes about one Service: its definition, and who names it. For one writer.</summary>
internal sealed class MemberChanges
{
    private List<Workload>? _added;
    private HashSet<Workload>? _removed;

    /// <summary>Whether the batch says something about the Service itself.</summary>
    internal bool HasDefinition { get; private set; }

    /// <summary>The new definition; null when the Service is removed.</summary>
    internal Service? Definition { get; private set; }

    internal void Define(Service? service)
    {
        HasDefinition = true;
        Definition = service;
    }

    internal void Add(Workload workload) => (_added ??= []).Add(workload);

    internal void Remove(Workload workload) => (_removed ??= []).Add(workload);

    /// <summary>Removals come before additions, and one pass does all of them.</summary>
    internal Workload[] ApplyTo(Workload[] naming)
    {
        if (_added is null && _removed is null)
        {
            return naming;
        }

        List<Workload> result = new(naming.Length + (_added?.Count ?? 0));
        foreach (Workload workload in naming)
        {
            if (_removed?.Contains(workload) != true)
            {
                result.Add(workload);
            }
        }

        foreach (Workload workload in _added ?? [])
        {
            if (_removed?.Contains(workload) != true)
            {
                result.Add(workload);
            }
        }

        return [.. result];
    }
}
