namespace Ambient.Ztunnel.Pods;

/// <summary>Hears which pods the node agent names, before their listeners are open. Thread-safe; members are quick and throw nothing.</summary>
public interface IPodWatcher
{
    /// <summary>The agent named a pod. The same again changes nothing.</summary>
    void OnPodNamed(PodSpec pod);

    /// <summary>The pod is gone, or never came to run.</summary>
    void OnPodGone(PodSpec pod);
}
