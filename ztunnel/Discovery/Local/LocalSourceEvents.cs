using Ambient.Mesh.Views;

namespace Ambient.Ztunnel.Discovery.Local;

/// <summary>Told about changes of the local file. Called on any thread; must not throw.</summary>
public class LocalSourceEvents
{
    /// <summary>A changed file is in force.</summary>
    public virtual void OnApplied(string path, MeshBatch changes)
    {
    }

    /// <summary>A changed file cannot be used; the last good content stays.</summary>
    public virtual void OnBroken(string path, string reason)
    {
    }
}
