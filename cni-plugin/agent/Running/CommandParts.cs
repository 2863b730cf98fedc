using Ambient.Cni.Agent.Discovery;
using Ambient.Cni.Agent.Kernel;
using Ambient.Cni.Agent.Memory;
using Ambient.Cni.Agent.Probes;
using Ambient.Cni.Agent.Sources;
using Ambient.Cni.Agent.Zds;

namespace Ambient.Cni.Agent.Running;

/// <summary>Who does what the book asks for. Immutable.</summary>
public sealed record CommandParts(
    ZdsServer Zds,
    HeldNetworks Networks,
    PodKernel Kernel,
    INamespaceFinder Finder,
    PodMemoryFolder Memory,
    IProbeRules Probes,
    IPodSource Source,
    IPodReporter Reporter);
