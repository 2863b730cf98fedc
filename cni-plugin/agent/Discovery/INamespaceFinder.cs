using Ambient.Cni.Agent.Pods;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Agent.Discovery;

/// <summary>Finds the network namespaces of pods. Thread-safe; blocking, never on the agent's own task.</summary>
public interface INamespaceFinder
{
    /// <summary>
    /// The pod's namespace, proven to be its own; the caller owns it. Null when there is none; <paramref name="doubt"/> says why one that looked like
    /// it was refused. Looks no earlier than <paramref name="asked"/>, a timestamp; without one, now.
    /// </summary>
    NetworkNamespace? Find(PodRecord pod, out string? doubt, long? asked = null);

    /// <summary>Another namespace than the given one in which the pod lives now; null when it still lives there, or when nobody can say.</summary>
    NetworkIdentity? Elsewhere(PodRecord pod, NetworkIdentity network);
}
