namespace Ambient.Kubernetes.Watching;

/// <summary>What happened to an object of a cache.</summary>
public enum ResourceChangeKind
{
    /// <summary>It is new.</summary>
    Added,

    /// <summary>It is another one than before.</summary>
    Updated,

    /// <summary>It is gone.</summary>
    Deleted,

    /// <summary>Its newest form cannot be read; the cache keeps the last that could.</summary>
    Refused,

    /// <summary>No object: everything there is has been told. Comes once for each list.</summary>
    Synced,
}
