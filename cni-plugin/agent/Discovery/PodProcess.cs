using Ambient.Cni.Agent.Pods;

namespace Ambient.Cni.Agent.Discovery;

/// <summary>The oldest process of a pod in one network namespace. Immutable.</summary>
/// <param name="Network">The namespace.</param>
/// <param name="Start">When it started, in clock ticks since boot.</param>
/// <param name="Path">Where the namespace can be opened from.</param>
public sealed record PodProcess(NetworkIdentity Network, long Start, string Path);
