namespace Ambient.Kubernetes.Watching;

/// <summary>What a source says.</summary>
public enum ResourceEventKind
{
    /// <summary>A list begins; what was told before and is not in it is gone when it ends.</summary>
    ListBegins,

    /// <summary>An object is there, as it is now.</summary>
    Changed,

    /// <summary>An object is gone.</summary>
    Deleted,

    /// <summary>An object is there but cannot be read; what was told of it before stays in force.</summary>
    Refused,

    /// <summary>The list is complete: the source is synced.</summary>
    ListEnds,

    /// <summary>The source may not read the kind, or not these objects of it; it tries again, and what was told stays true. Not where nobody knows who it is: that says nothing about rights.</summary>
    Denied,
}
