namespace Ambient.Cni.Agent.Tests.Pods;

/// <summary>What may go wrong on a node.</summary>
internal enum Fault
{
    SandboxRestart,
    AgentRestart,
    ProxyRestart,
    ConflistOverwritten,
    ApiError,
    PodDeleted,

    /// <summary>Not a fault, but as sudden: the namespace leaves the mesh or joins it again.</summary>
    Relabelled,
}
