namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>Told what becomes of other clusters; every member does nothing unless overridden. Called on any thread; must not throw.</summary>
public class RemoteClusterObserver
{
    /// <summary>A kubeconfig cannot be used; what was there before goes on.</summary>
    /// <param name="secret">The Secret, <c>namespace/name</c>.</param>
    /// <param name="key">The key in it.</param>
    /// <param name="problem">What is wrong.</param>
    public virtual void OnRefused(string secret, string key, string problem)
    {
    }

    /// <summary>A connection begins, or takes the place of another.</summary>
    public virtual void OnConnecting(string cluster, string secret)
    {
    }

    /// <summary>A cluster is known and part of the mesh.</summary>
    public virtual void OnJoined(string cluster)
    {
    }

    /// <summary>A cluster is no longer part of the mesh.</summary>
    public virtual void OnRemoved(string cluster)
    {
    }

    /// <summary>A cluster was not known when the time to wait for it was over; serving begins without it.</summary>
    public virtual void OnLate(string cluster)
    {
    }

    /// <summary>A cluster of several does not say which network it is in: its addresses are taken for those of every other that does not.</summary>
    public virtual void OnUnlabelled(string cluster)
    {
    }

    /// <summary>Following a cluster failed; it is begun again.</summary>
    public virtual void OnFailed(string cluster, string problem)
    {
    }
}
