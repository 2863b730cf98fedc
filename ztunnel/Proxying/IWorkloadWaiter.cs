namespace Ambient.Ztunnel.Proxying;

/// <summary>A connection that waits for its own workload to appear in the view. Loop-affine.</summary>
internal interface IWorkloadWaiter
{
    /// <summary>The view changed: look again.</summary>
    void OnViewChanged();
}
