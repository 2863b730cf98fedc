using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Api;

/// <summary>A page of a list. Immutable.</summary>
/// <param name="Items">Objects that could be read.</param>
/// <param name="Refused">Objects that could not, each with the reason.</param>
/// <param name="ResourceVersion">Version of the list, to watch from; the same on all pages.</param>
/// <param name="Continue">Token of the next page; empty on the last.</param>
public sealed record ListPage<T>(IReadOnlyList<T> Items, IReadOnlyList<RefusedObject> Refused, string ResourceVersion, string Continue)
    where T : Resource;
