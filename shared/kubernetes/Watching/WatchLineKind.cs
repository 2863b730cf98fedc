namespace Ambient.Kubernetes.Watching;

/// <summary>What a line of a watch says.</summary>
internal enum WatchLineKind
{
    /// <summary>ADDED or MODIFIED.</summary>
    Changed,

    /// <summary>DELETED.</summary>
    Deleted,

    /// <summary>BOOKMARK: nothing but a version.</summary>
    Bookmark,

    /// <summary>ERROR: the watch is over.</summary>
    Error,

    /// <summary>An object that cannot be read as its kind.</summary>
    Refused,

    /// <summary>Not a watch event at all.</summary>
    Garbage,
}
