namespace Ambient.Ztunnel.Pods;

/// <summary>Starts proxies. Thread-safe.</summary>
public interface IPodProxyFactory
{
    /// <summary>
    /// Opens all listeners of a pod and serves them, or throws with a text for operators and leaves nothing open. Called on a
    /// control thread, never on a loop.
    /// </summary>
    IPodProxy Start(PodSpec pod);
}
