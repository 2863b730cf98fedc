using System.Diagnostics.CodeAnalysis;
using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Watching;

/// <summary>Something that a source says about a kind. Immutable.</summary>
[SuppressMessage("Design", "CA1000", Justification = "The kinds of one event are its constructors")]
public readonly record struct ResourceEvent<T>
    where T : Resource
{
    private ResourceEvent(ResourceEventKind kind) => Kind = kind;

    /// <summary>What it says.</summary>
    public ResourceEventKind Kind { get; }

    /// <summary>The object it is about.</summary>
    public ResourceKey Key { get; private init; }

    /// <summary>The object, of <see cref="ResourceEventKind.Changed"/>.</summary>
    public T? Resource { get; private init; }

    /// <summary>Why it cannot be read, of <see cref="ResourceEventKind.Refused"/>.</summary>
    public ReadProblem? Problem { get; private init; }

    /// <summary>Of <see cref="ResourceEventKind.ListEnds"/>: whether the source has no such kind at all.</summary>
    public bool IsAbsent { get; private init; }

    /// <summary>Of <see cref="ResourceEventKind.Denied"/>: what the source was told.</summary>
    public string? Denial { get; private init; }

    /// <summary>A list begins.</summary>
    public static ResourceEvent<T> ListBegins() => new(ResourceEventKind.ListBegins);

    /// <summary>An object is there.</summary>
    public static ResourceEvent<T> Changed(T resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return new(ResourceEventKind.Changed) { Key = resource.Key, Resource = resource };
    }

    /// <summary>An object is gone.</summary>
    public static ResourceEvent<T> Deleted(ResourceKey key) => new(ResourceEventKind.Deleted) { Key = key };

    /// <summary>An object cannot be read.</summary>
    public static ResourceEvent<T> Refused(ResourceKey key, ReadProblem problem) => new(ResourceEventKind.Refused) { Key = key, Problem = problem };

    /// <summary>The objects may not be read.</summary>
    public static ResourceEvent<T> Denied(string denial) => new(ResourceEventKind.Denied) { Denial = denial };

    /// <summary>The list is complete.</summary>
    public static ResourceEvent<T> ListEnds(bool isAbsent = false) => new(ResourceEventKind.ListEnds) { IsAbsent = isAbsent };
}
