namespace Ambient.Kubernetes.Watching;

/// <summary>How a watch ended.</summary>
internal enum WatchEnd
{
    /// <summary>As agreed or cut: open it again from the last version.</summary>
    Resume,

    /// <summary>The version is too old or not believed any more: list again.</summary>
    Relist,
}
